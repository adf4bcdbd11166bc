#!/bin/sh
# What the watchdog of a switch carries out, each under a deadline of its own. It lies in the
# switch's folder, and knows by that which one it is of.
PATH=${PATH:+$PATH:}/run/current-system/sw/bin
LC_ALL=C
export PATH LC_ALL
dir=$(dirname "$(readlink -f "$0")")
id=$(basename "$dir")
GRACE_SECONDS=5
DOWN_SECONDS=120
stopped='' may_give_up=''
trap 'stopped=yes' TERM

load() { # the order, into names
  old=$(value "$id" old) new=$(value "$id" new) generation=$(value "$id" generation)
  mode=$(value "$id" mode) old_generation=$(value "$id" old_generation)
  activation_seconds=$(value "$id" activation_seconds)
  confirm_seconds=$(value "$id" confirm_seconds)
  revert_seconds=$(value "$id" revert_seconds)
  PATH=$old/sw/bin:$PATH
  log=$runs/$id/log
  [ -n "$old" ] && [ -n "$new" ]
}

tick() { # into `now`: seconds since the start, which no clock that is set moves
  read -r now _ </proc/uptime
  now=${now%.*}
}

leave_to_shutdown() { # told to stop because the machine goes down: it starts as what it should
  if [ -n "$stopped" ] && [ "$(systemctl is-system-running)" = stopping ]; then exit 0; fi
}

kill_group() { # kill_group LEADER: politely, then not; what cannot be killed is left behind
  kill -TERM -- "-$1" 2>/dev/null
  tick
  patient_until=$((now + GRACE_SECONDS))
  while kill -0 "$1" 2>/dev/null; do
    tick
    if [ "$now" -ge "$patient_until" ]; then
      kill -KILL -- "-$1" 2>/dev/null
      sleep 1
      return
    fi
    sleep 0.1
  done
}

within() { # within SECONDS COMMAND…: its exit code; 124: time is up, 125: given up, 126: to stop
  tick
  deadline=$((now + $1))
  shift
  setsid "$@" </dev/null >>"$log" 2>&1 9>&- &
  leader=$!
  while kill -0 "$leader" 2>/dev/null; do
    cause=''
    tick
    if [ "$now" -ge "$deadline" ]; then cause=124; fi
    if [ -n "$may_give_up" ] && [ "$(decided "$id")" = give-up ]; then cause=125; fi
    if [ -n "$may_give_up" ] && [ -n "$stopped" ]; then cause=126; fi
    if [ -n "$cause" ]; then
      kill_group "$leader"
      return "$cause"
    fi
    sleep 0.1
  done
  wait "$leader"
}

found_lock_held() { # found_lock_held EXIT-CODE
  [ "$1" = 11 ] && last_words | grep -q 'acquire lock'
}

patiently() { # patiently SECONDS COMMAND…: as `within`; who else switches is waited for
  tick
  patient_end=$((now + $1))
  shift
  while :; do
    tick
    left=$((patient_end - now))
    [ "$left" -gt 0 ] || return 124
    within "$left" "$@"
    status=$?
    found_lock_held "$status" || return "$status"
    sleep 1
  done
}

last_words() { grep -v '^[[:space:]]*$' "$log" 2>/dev/null | tail -n 1 | cut -c 1-200; }

note_failed_units() {
  systemctl list-units --failed --plain --no-legend --full --no-pager 2>/dev/null |
    cut -d ' ' -f 1 >"$runs/$id/failed_units"
  cp "$runs/$id/failed_units" "$dir/failed_units" 2>/dev/null
}
