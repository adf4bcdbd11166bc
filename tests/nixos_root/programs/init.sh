#!/bin/bash
# The first process of the fake machine: starts what its loader says, then does what is asked of
# it over a pipe, until it is told to reboot. What it starts is its own child, of no session.
set -u
export PATH=/run/current-system/sw/bin LC_ALL=C

chosen() { # what the loader starts: once something else, else its default
  local entry
  if [ -e /boot/grub/grub.cfg ]; then
    sed -n 's/^default //p' /boot/grub/grub.cfg
    return
  fi
  if [ -e /boot/oneshot ]; then
    entry=$(cat /boot/oneshot)
    rm /boot/oneshot
  else
    entry=$(sed -n 's/^default //p' /boot/loader/loader.conf)
  fi
  sed -n 's|^options init=\([^ ]*\)/init .*|\1|p' "/boot/loader/entries/$entry"
}

start_sshd() {
  local old said
  old=$(cat /run/fake/sshd.pid 2>/dev/null)
  if [ -n "$old" ]; then
    kill "$old" 2>/dev/null
    while kill -0 "$old" 2>/dev/null; do sleep 0.01; done
  fi
  rm -f /run/fake/sshd.pid
  [ -e /etc/ssh/sshd_config ] || return 0
  touch /var/log/sshd
  said=$(wc -l </var/log/sshd)
  /usr/sbin/sshd -D -e -f /etc/ssh/sshd_config >>/var/log/sshd 2>&1 &
  local pid=$!
  for _ in $(seq 3000); do # until it listens, or ended
    kill -0 "$pid" 2>/dev/null || return 0
    # Not the last line alone: whoever connects at once is told of after it.
    if tail -n "+$((said + 1))" /var/log/sshd | grep -q '^Server listening'; then break; fi
    sleep 0.01
  done
  echo "$pid" >/run/fake/sshd.pid
}

end_rest() { # end_rest UNIT: what its main process left in the control group
  local process
  for process in /proc/[0-9]*; do
    if grep -qzx "FAKE_UNIT=$1" "$process/environ" 2>/dev/null; then
      kill -KILL "${process#/proc/}" 2>/dev/null
    fi
  done
}

run_unit() { # run_unit NAME: what systemd-run wrote down, again when it fails and is to be
  local unit=/run/fake/units/$1 argv env pid status
  mapfile -d '' argv <"$unit/argv"
  mapfile -d '' env <"$unit/env"
  while :; do
    setsid env -i "FAKE_UNIT=$1" "${env[@]}" "${argv[@]}" </dev/null >>"/var/log/unit-$1" 2>&1 &
    pid=$!
    echo "$pid" >"$unit/pid.new" && mv "$unit/pid.new" "$unit/pid"
    wait "$pid"
    status=$?
    end_rest "$1"
    if [ "$status" = 0 ] || [ -e "$unit/stopped" ]; then break; fi
    grep -qx Restart=on-failure "$unit/properties" || break
    sleep 0.1
  done
  rm -rf "$unit"
}

start_guard() { # the unit of a system that has one
  local file=/run/current-system/etc/systemd/system/capsule-guard.service condition
  [ -e "$file" ] || return 0
  condition=$(sed -n 's/^ConditionPathExists=//p' "$file")
  [ -e "$condition" ] || return 0
  systemd-run --unit=capsule-guard --property=Restart=on-failure \
    -- sh -c "$(sed -n 's/^ExecStart=//p' "$file")"
}

serve() {
  local what name
  while read -r what name <&3; do
    case $what in
      start) run_unit "$name" 3<&- & ;;
      sshd)
        start_sshd
        touch /run/fake/sshd.done
        ;;
      reboot)
        touch /power/reboot
        exit 0
        ;;
    esac
  done
}

export PATH=/usr/bin:/bin # nothing runs yet
mkdir -p /run/fake/units /run/wrappers/bin /run/nixos /run/sshd /run/systemd/system /tmp
rm -f /var/log/sshd
system=$(chosen)
ln -s "$system" /run/current-system
ln -s "$system" /run/booted-system
ln -s /opt/programs/sudo.sh /run/wrappers/bin/sudo
export PATH=/run/current-system/sw/bin
mkfifo /run/fake/control
exec 3<>/run/fake/control
# shellcheck source=/dev/null
. "$system/behaviour"
echo "$system boots" >>/var/log/calls
if [ "${boots:-yes}" = no ]; then sleep infinity; fi
( # beside `serve`, of which it asks what it needs
  "$system/bin/effects"
  start_guard
  touch /run/fake/up
) 3<&- &
serve
