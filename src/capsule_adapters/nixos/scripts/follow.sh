#!/bin/sh
# follow.sh MARKER - SWITCH…: what became of them; of all that are remembered, when none is named.
tell() { # tell ID
  say switch "$1"
  say state "$(state_of "$1")"
  say reason "$(noted "$1" 2)"
  say old "$(value "$1" old)"
  say new "$(value "$1" new)"
  if ! has_ended "$1" && is_watched "$1"; then say watched yes; fi
  if is_same_boot "$1"; then say same_boot yes; fi
  if [ "$(state_of "$1")" = awaiting-confirm ] && [ -e "$runs/$1/deadline" ]; then
    read -r uptime _ </proc/uptime
    say seconds_left "$(awk -v "end=$(cat "$runs/$1/deadline")" -v "now=$uptime" \
      'BEGIN { left = end - now; print (left > 0 ? left : 0) }')"
  fi
  for folder in "$runs/$1" "$switches/$1"; do
    if [ -e "$folder/failed_units" ]; then
      while read -r unit; do say failed_unit "$unit"; done <"$folder/failed_units"
      break
    fi
  done
  for folder in "$runs/$1" "$switches/$1"; do
    if [ -e "$folder/log" ]; then
      tail -n 30 "$folder/log" | cut -c 1-500 | while IFS= read -r line; do say log "$line"; done
      break
    fi
  done
}

require_nixos
pass_door || refuse conflict "something else begins there"
if [ "$#" = 0 ]; then
  settle_all
  # shellcheck disable=SC2046  # ids have no spaces
  set -- $(by_number | head -n 10)
else
  is_known "$1" || refuse missing-switch "$1"
  settle "$1"
fi
say running "$(running)"
say profile "$(in_profile)"
say generation "$(generation_of "$profile")"
for id in "$@"; do tell "$id"; done
say end yes
