#!/bin/sh
# Whether a machine can be reached, as it can tell by itself.

listens() { # listens PORT: whether anything takes TCP connections there
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
    awk -v "port=:$(printf '%04X' "$1")" \
      '$4 == "0A" && substr($2, length($2) - 4) == port { found = 1 } END { exit !found }'
}

has_sshd() { systemctl is-active --quiet sshd.service || systemctl is-active --quiet sshd.socket; }

has_route() { # a default one, of either kind
  awk '$2 == "00000000" && $8 == "00000000" { found = 1 } END { exit !found }' /proc/net/route 2>/dev/null ||
    awk '$1 ~ /^0+$/ && $2 == "00" && $10 != "lo" { found = 1 } END { exit !found }' \
      /proc/net/ipv6_route 2>/dev/null
}
