#!/bin/sh
# The watchdog of one switch, in whose folder it lies. Nothing it does needs anyone to be
# connected; started again after it was killed, or after a power cut, it goes on where it was.
#
#   armed → activating → awaiting-confirm → committing → committed
#             └────────────┴─────────────────┴→ rolling-back → rolled-back, or rebooting
#
# By reboot: armed → rebooting, into the new → awaiting-confirm → as above, and back by another
# reboot. Until the commit the machine starts as the old system, so that a power cut heals.

# -- forward --------------------------------------------------------------------------------

soon() { # soon SECONDS: into `patient_until`, what a service that just started is given of those
  tick
  patient_until=$((now + ($1 < 20 ? $1 : 20)))
}

is_too_late() {
  tick
  [ "$now" -ge "$patient_until" ]
}

are_listened_on() { # are_listened_on NAME SECONDS: the ports of that name in the order
  soon "$2"
  while :; do
    silent=''
    for port in $(value "$id" "$1"); do
      listens "$port" || silent=$port
    done
    [ -n "$silent" ] || return 0
    if is_too_late; then return 1; fi
    sleep 0.5
  done
}

try() {
  note "$id" activating ""
  may_give_up=yes
  within "$activation_seconds" "$new/bin/switch-to-configuration" test
  status=$?
  may_give_up=''
  if is_untouched "$status"; then end "$id" refused "$refusal"; exit 0; fi
  case $status in
    0) ;;
    4)
      note_failed_units
      [ "$(value "$id" allow_failed_units)" = yes ] ||
        go_back "units failed: $(paste -sd ' ' "$runs/$id/failed_units" | cut -c 1-200)"
      ;;
    124) go_back "it was not activated within $activation_seconds s" ;;
    125) go_back "it was given up" ;;
    126)
      leave_to_shutdown
      go_back "its watchdog was told to stop"
      ;;
    *) go_back "its activation failed ($status): $(last_words)" ;;
  esac
  [ "$(running)" = "$new" ] || go_back "it did not become the running system"
  are_listened_on port "$confirm_seconds" || go_back "nothing listens on port $silent"
  await
}

is_untouched() { # is_untouched EXIT-CODE: it ended before it changed anything; why, in `refusal`
  [ "$(running)" = "$old" ] || return 1
  if found_lock_held "$1"; then
    refusal="another switch of it is on its way"
  elif [ "$1" = 1 ] && last_words | grep -q '^Pre-switch checks failed'; then
    refusal="not while the machine runs: $(grep -m 1 ' -> ' "$log" || grep -m 1 'Pre-switch check ' "$log")"
  elif [ "$1" = 100 ]; then
    refusal="not while the machine runs: its init is another"
  else
    return 1
  fi
}

await() {
  if ! [ -e "$runs/$id/deadline" ]; then
    tick
    printf '%s\n' "$((now + confirm_seconds))" >"$runs/$id/deadline"
  fi
  note "$id" awaiting-confirm "$(noted "$id" 2)"
  read -r until <"$runs/$id/deadline"
  while :; do
    tick
    case $(decided "$id") in
      confirm) commit ;;
      give-up) go_back "it was given up" ;;
    esac
    if [ -n "$stopped" ]; then
      leave_to_shutdown
      if decide "$id" go-back; then go_back "its watchdog was told to stop"; fi
    elif [ "$now" -ge "$until" ] && decide "$id" go-back; then
      go_back "nobody confirmed within $confirm_seconds s"
    fi
    sleep 0.2
  done
}

commit() {
  [ "$(running)" = "$new" ] || go_back "another system was activated before it was confirmed"
  note "$id" committing "" || go_back "that it was confirmed could not be written down"
  set_profile || go_back "it could not be made the profile: $(last_words)"
  install_loader "$new" || go_back "it could not be made what the machine starts as: $(last_words)"
  end "$id" committed ""
  exit 0
}

by_reboot() {
  going new ""
  if prepare; then reboot_now; fi
  why=$(last_words)
  bootctl set-oneshot '' >/dev/null 2>&1
  if undo_default; then
    end "$id" refused "the reboot could not be prepared: $why"
  else
    end "$id" rollback-failed "the reboot could not be prepared, nor that undone: $(last_words)"
  fi
  exit 0
}

# -- back -----------------------------------------------------------------------------------

go_back() { # go_back WHY
  decide "$id" go-back
  note "$id" rolling-back "$1"
  may_give_up=''
  undone=yes
  undo_default || undone=''
  if [ "$mode" = reboot ]; then
    [ -n "$undone" ] || fail_to_go_back "$1; and the boot loader could not be set back: $(last_words)"
    reboot_back "$1"
  fi
  patiently "$revert_seconds" env NIXOS_NO_CHECK=1 "$old/bin/switch-to-configuration" test
  status=$?
  case $status in
    0) ;;
    4) note_failed_units ;;
    *) reboot_back "$1; and the old one could not be activated ($status)" ;;
  esac
  is_as_before || reboot_back "$1; and the old one cannot be reached as it could"
  [ -n "$undone" ] || fail_to_go_back "$1; the old system runs, and may not be what the machine starts as"
  end "$id" rolled-back "$1"
  exit 0
}

reboot_back() { # reboot_back WHY
  going old "$1"
  reboot_now
  fail_to_go_back "$1; and the machine does not reboot"
}

is_as_before() { # can it be reached as it could?
  [ "$(running)" = "$old" ] && are_listened_on old_port "$revert_seconds" || return 1
  soon "$revert_seconds"
  until is_connected; do
    if is_too_late; then return 1; fi
    sleep 0.5
  done
}

is_connected() {
  if [ -n "$(value "$id" had_sshd)" ]; then has_sshd || return 1; fi
  if [ -n "$(value "$id" had_route)" ]; then has_route || return 1; fi
}

fail_to_go_back() { # fail_to_go_back WHY
  end "$id" rollback-failed "$1"
  exit 0
}

going() { # going old|new WHY: written down before the machine goes down
  write "$dir/going" "$1 $(cat /proc/sys/kernel/random/boot_id)"
  note "$id" rebooting "$2"
}

reboot_now() { # with more and more force; returns only when nothing helps
  sync
  for force in '' --force '--force --force'; do
    # shellcheck disable=SC2086  # none, one or two words
    systemctl reboot $force >>"$log" 2>&1 9>&- || continue
    tick
    gone_by=$((now + DOWN_SECONDS))
    while [ "$now" -lt "$gone_by" ]; do
      tick
      if [ -n "$stopped" ]; then exit 0; fi
      sleep 0.5
    done
  done
  echo 'the machine does not reboot' >>"$log"
}

# -- where it was ---------------------------------------------------------------------------

was_started_as() { # nothing while it runs as it did when the switch began; old, or another
  if is_same_boot "$id"; then return; fi
  if [ "$(running)" = "$old" ]; then echo old; else echo another; fi
}

arrive() { # after a reboot that it asked for, or in it when it was killed
  read -r goal boot_id <"$dir/going"
  if [ "$boot_id" = "$(cat /proc/sys/kernel/random/boot_id)" ]; then
    if [ "$goal" = new ]; then by_reboot; else reboot_back "$(noted "$id" 2)"; fi
  fi
  case $goal,$(running) in
    "new,$new") await ;;
    "old,$old") end "$id" rolled-back "$(noted "$id" 2)" ;;
    "new,$old") come_back rolled-back "the machine did not start as it" ;;
    *) fail_to_go_back "the machine started as $(running)" ;;
  esac
}

come_back() { # come_back END WHY: it was started as the old system; it stays so from now on
  undo_default || fail_to_go_back "$2; and the boot loader could not be set back: $(last_words)"
  end "$id" "$1" "$2"
}

settle_commit() { # a commit that was cut: finished where the new system runs, else undone
  if [ "$(running)" = "$new" ]; then commit; fi
  come_back interrupted "the machine was started anew before the new one was what it starts as"
}

[ -e "$dir/order" ] || exit 0 # it was never begun
private "$runs/$id"
exec 9<>"$runs/lock"
flock -w 10 9 || exit 1
printf '%s\n' "$id" >"$runs/lock"
load || exit 0 # it was taken back while this began
case $(state_of "$id"),$(was_started_as) in
  armed,*) if [ "$mode" = reboot ]; then by_reboot; else try; fi ;;
  activating,*) go_back "its watchdog was killed" ;;
  awaiting-confirm,old) come_back interrupted "the machine was started anew before it was confirmed" ;;
  awaiting-confirm,*) await ;;
  committing,*) settle_commit ;;
  rolling-back,old) come_back rolled-back "$(noted "$id" 2)" ;;
  rolling-back,*) go_back "$(noted "$id" 2)" ;;
  rebooting,*) arrive ;;
esac
