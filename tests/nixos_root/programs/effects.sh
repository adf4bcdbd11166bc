#!/bin/bash
# shellcheck disable=SC1091,SC2154  # names come from `behaviour`
# What a system does to the machine when it becomes the running one: sshd's place and keys, the
# firewall, sudo, the default route, units that fail. Its words are in `behaviour` beside it.
set -u
system=$(dirname "$(dirname "$0")")
. "$system/behaviour"

wanted_sshd() {
  [ "$sshd" != off ] || return 0
  if [ "$sshd" = off-until-started ] && [ -e /run/fake/up ]; then return 0; fi
  [ "$sshd" != broken ] || echo 'NoSuchOption yes'
  echo "Port $ssh_port"
  echo "ListenAddress $address"
  cat /opt/sshd_config
}

mkdir -p /etc/ssh
: >/run/fake/failed
wanted_sshd >/etc/ssh/sshd_config.new
[ -s /etc/ssh/sshd_config.new ] || rm /etc/ssh/sshd_config.new
if [ "$keys" = kept ]; then
  cp /opt/authorized_keys /etc/ssh/authorized_keys
else
  : >/etc/ssh/authorized_keys
fi
echo "$sudo" >/run/fake/sudo
if [ -e /opt/own-network ]; then
  nft flush ruleset
  if [ "$firewall" = closed ]; then nft -f /opt/programs/closed.nft; fi
  if [ "$route" = kept ]; then
    ip route replace default via "$(cat /opt/own-network)"
  else
    ip route del default
  fi
fi
if ! cmp -s /etc/ssh/sshd_config.new /etc/ssh/sshd_config || [ ! -e /run/fake/sshd.pid ]; then
  rm -f /etc/ssh/sshd_config /run/fake/sshd.done
  mv /etc/ssh/sshd_config.new /etc/ssh/sshd_config 2>/dev/null
  echo sshd >/run/fake/control
  while [ ! -e /run/fake/sshd.done ]; do sleep 0.02; done
  if [ "$sshd" = broken ]; then echo sshd.service >>/run/fake/failed; fi
fi
for unit in $failed_units; do echo "$unit" >>/run/fake/failed; done
