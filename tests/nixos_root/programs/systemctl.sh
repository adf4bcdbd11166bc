#!/bin/bash
# systemctl is-active UNIT | is-system-running | list-units … | stop UNIT | reboot [--force…]
set -u
is_active() {
  case $1 in
    sshd.service | sshd) kill -0 "$(cat /run/fake/sshd.pid 2>/dev/null || echo none)" 2>/dev/null ;;
    *) [ -d "/run/fake/units/${1%.service}" ] || [ -e "/run/fake/active/${1%.service}" ] ;;
  esac
}
words=()
for word in "$@"; do
  case $word in
    --quiet | -q | --plain | --no-legend | --full | --no-pager | --no-ask-password | --no-block) ;;
    *) words+=("$word") ;;
  esac
done
case ${words[0]} in
  is-active)
    for unit in "${words[@]:1}"; do
      if is_active "$unit"; then exit 0; fi
    done
    exit 3
    ;;
  is-system-running)
    if [ -s /run/fake/failed ]; then
      echo degraded
      exit 1
    fi
    echo running
    ;;
  list-units)
    case " ${words[*]} " in
      *' --failed '* | *' --state=failed '*)
        while read -r unit; do echo "$unit loaded failed failed It broke"; done </run/fake/failed
        ;;
      *)
        for unit in /run/fake/units/* /run/fake/active/*; do
          [ -e "$unit" ] || continue
          echo "$(basename "$unit").service loaded active running $unit"
        done
        ;;
    esac
    ;;
  stop)
    unit=/run/fake/units/${words[1]%.service}
    touch "$unit/stopped"
    kill "$(cat "$unit/pid")"
    ;;
  reboot)
    echo "reboot ${words[*]:1}" >>/var/log/calls
    if [ -e /no-reboot ]; then
      echo 'Call to Reboot failed: Connection timed out' >&2
      exit 1
    fi
    echo reboot >/run/fake/control
    ;;
  *) exit 1 ;;
esac
