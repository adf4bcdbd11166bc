#!/bin/sh
# The watchdog of one switch, in whose folder it lies. Nothing it does needs anyone to be
# connected; started again after it was killed, or after a power cut, it goes on where it was.
#
#   armed → activating → awaiting-confirm → committing → committed
#             └────────────┴─────────────────┴→ rolling-back → rolled-back, or rebooting
#
# By reboot: armed → rebooting, into the new → awaiting-confirm → as above, and back by another
# reboot. Until the commit the machine starts as the old system, so that a power cut heals.
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

# -- what it runs ---------------------------------------------------------------------------

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

# -- the profile and the loader -------------------------------------------------------------

install_loader() { # install_loader SYSTEM: entries for every generation, and SYSTEM the default
  may_give_up=''
  write "$dir/touched" loader || return 1
  patiently "$activation_seconds" "$1/bin/switch-to-configuration" boot
}

set_profile() { # the new system: as the generation it is, or as a new one
  write "$dir/touched" profile || return 1
  if [ "$generation" = - ]; then
    within "$activation_seconds" nix-env -p "$profile" --set "$new" || return 1
  else
    within "$activation_seconds" nix-env -p "$profile" --switch-generation "$generation" || return 1
  fi
  [ "$(in_profile)" = "$new" ]
}

restore_profile() { # by its number: what was before is not always one less
  if [ -z "$old_generation" ] || [ "$(generation_of "$profile")" = "$old_generation" ]; then
    return 0
  fi
  within "$activation_seconds" nix-env -p "$profile" --switch-generation "$old_generation" &&
    [ "$(generation_of "$profile")" = "$old_generation" ]
}

undo_default() { # the machine starts again as it would have
  [ -e "$dir/touched" ] || return 0
  may_give_up=''
  restore_profile || return 1
  if [ "$(cat "$dir/touched")" = loader ]; then install_loader "$(in_profile)" || return 1; fi
  rm -f "$dir/touched"
}

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

prepare() { # the next start is the new system; with systemd-boot that one start only
  ln -sfn "switches/$id" "$pending" || return 1
  set_profile || return 1
  if [ "$(value "$id" boot_loader)" != systemd-boot ]; then
    install_loader "$new" # whose guard goes back
    return
  fi
  install_loader "$old" && restore_profile && start_once
}

start_once() {
  for entry in "$(bootctl --print-boot-path)"/loader/entries/nixos-*.conf; do
    if grep -q "init=$new/init" "$entry"; then
      # Its name without the count of tries that is left.
      bootctl set-oneshot "$(basename "$entry" | sed 's/+[0-9-]*\.conf$/.conf/')" >>"$log" 2>&1
      return
    fi
  done
  echo "the boot loader has no entry for $new" >>"$log"
  return 1
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
