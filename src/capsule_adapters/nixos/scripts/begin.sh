#!/bin/sh
# begin.sh MARKER ID OLD NEW GENERATION MODE ACTIVATION CONFIRM REVERT FAILED-UNITS PORTS OLD-PORTS
# Times are seconds, GENERATION is `-` for none, FAILED-UNITS yes or no, ports have commas between
# them, `-` for none. Returns when the watchdog runs. `watchdog` prints what that is;
# CAPSULE_CONNECTION is how SSH came in.
id=$1 old=$2 new=$3 generation=$4 mode=$5 activation=$6 confirm=$7 revert=$8 allow=$9
ports=${10} old_ports=${11}
came_in_by=${CAPSULE_CONNECTION##* }

forget() { # forget SWITCH
  rm -f "$roots/$1-old" "$roots/$1-new"
  rm -rf "${switches:?}/$1" "${runs:?}/$1"
}

take_back() { # take_back WHY: nothing was changed, and nothing stays
  forget "$id"
  refuse failed "$1"
}

require_free() {
  tries=0 # the watchdog of one that has ended may not quite have left
  while is_capsule_locked && has_ended "$(cat "$runs/lock")" && [ "$tries" -lt 50 ]; do
    tries=$((tries + 1))
    sleep 0.1
  done
  busy=$(switching | head -n 1)
  [ -z "$busy" ] || refuse conflict "it is being switched already: $busy"
}

require_systems() {
  [ -x "$new/bin/switch-to-configuration" ] || refuse missing-system "$new"
  if [ "$generation" != - ] && [ "$(readlink -f "$profile-$generation-link")" != "$new" ]; then
    refuse missing-generation "$generation"
  fi
  [ "$(running)" = "$old" ] ||
    refuse conflict "it runs another system than the one that was looked at: $(running)"
}

require_way_back() { # of a reboot: the loader's, or the new system's own guard
  [ "$mode" = reboot ] || return 0
  [ "$(in_profile)" = "$old" ] ||
    refuse no-way-back "a reboot could not be undone: it runs another system than it would start as"
  [ -e "$new/etc/systemd/system/capsule-guard.service" ] && return 0
  [ "$(boot_loader)" = systemd-boot ] && return 0
  refuse no-way-back "a reboot could not be undone: it has no systemd-boot, and the new system has no guard of Capsule's"
}

numbers() { printf '%s\n' "$1" | tr ',-' '  '; }

order() { # what the watchdog needs to know, and cannot ask anyone later
  printf 'number %s\n' "$(($(value "$(by_number | head -n 1)" number 2>/dev/null || :) + 1))"
  printf 'boot_id %s\n' "$(cat /proc/sys/kernel/random/boot_id)"
  printf 'old %s\nnew %s\ngeneration %s\nmode %s\n' "$old" "$new" "$generation" "$mode"
  printf 'activation_seconds %s\nconfirm_seconds %s\n' "$activation" "$confirm"
  printf 'revert_seconds %s\nallow_failed_units %s\n' "$revert" "$allow"
  printf 'old_generation %s\n' "$(generation_of "$profile")"
  printf 'boot_loader %s\n' "$(boot_loader)"
  for port in $(numbers "$ports"); do printf 'port %s\n' "$port"; done
  for port in $(numbers "$old_ports") $came_in_by; do
    if listens "$port"; then printf 'old_port %s\n' "$port"; fi
  done
  if has_sshd; then echo 'had_sshd yes'; fi
  if has_route; then echo 'had_route yes'; fi
}

lay_down() {
  private "$switches/$id" "$runs/$id" "$roots" &&
    write "$switches/$id/switch.sh" "$(watchdog)" &&
    write "$switches/$id/order" "$(order)" &&
    nix-store --add-root "$roots/$id-old" -r "$old" >/dev/null &&
    nix-store --add-root "$roots/$id-new" -r "$new" >/dev/null
}

forget_old_ones() { # ten are kept, and whatever has not ended; nothing of what was half begun
  for one in $(by_number | tail -n +11); do
    if has_ended "$one"; then forget "$one"; fi
  done
  for folder in "$switches"/*/; do
    one=$(basename "$folder")
    is_known "$one" || forget "$one"
  done
}

start() { # start SWITCH: its watchdog; or nothing at all
  watch "$1" 2>/dev/null && return
  systemctl stop "capsule-apply-$1.service" 2>/dev/null
  take_back "its watchdog does not start"
}

require_nixos
pass_door || refuse conflict "something else begins there"
if is_known "$id"; then # asked twice: an answer was lost
  if [ "$(state_of "$id")" = armed ] && ! is_watched "$id"; then start "$id"; else settle "$id"; fi
  say end yes
  exit 0
fi
settle_all
require_free
require_systems
require_way_back
if ! words=$(lay_down 2>&1); then
  take_back "it could not be written down: $(printf '%s' "$words" | tail -n 1)"
fi
note "$id" armed "" || take_back "its state could not be written down"
start "$id"
forget_old_ones
say end yes
