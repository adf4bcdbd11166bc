#!/bin/sh
# follow.sh MARKER SWITCH: what became of it, and what runs now.
id=$1

tell_more() { # how long it still waits, and what the programs said
  if [ "$(state_of "$id")" = awaiting-confirm ] && [ -e "$runs/$id/deadline" ]; then
    read -r uptime _ </proc/uptime
    say seconds_left "$(awk -v "end=$(cat "$runs/$id/deadline")" -v "now=$uptime" \
      'BEGIN { left = end - now; print (left > 0 ? left : 0) }')"
  fi
  for folder in "$runs/$id" "$switches/$id"; do
    if [ -e "$folder/failed_units" ]; then
      while read -r unit; do say failed_unit "$unit"; done <"$folder/failed_units"
      break
    fi
  done
  for folder in "$runs/$id" "$switches/$id"; do
    if [ -e "$folder/log" ]; then
      tail -n 30 "$folder/log" | cut -c 1-500 | while IFS= read -r line; do say log "$line"; done
      break
    fi
  done
}

require_nixos
pass_door || refuse conflict "something else begins there"
is_known "$id" || refuse missing-switch "$id"
settle "$id"
say switch "$id"
say state "$(state_of "$id")"
say reason "$(noted "$id" 2)"
say old "$(value "$id" old)"
say new "$(value "$id" new)"
if ! has_ended "$id" && is_watched "$id"; then say watched yes; fi
if is_same_boot "$id"; then say same_boot yes; fi
tell_more
say running "$(running)"
say profile "$(in_profile)"
say generation "$(generation_of "$profile")"
say end yes
