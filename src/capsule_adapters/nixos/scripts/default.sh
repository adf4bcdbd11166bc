#!/bin/sh
# What the machine starts as: the system's profile, and the boot loader's default.

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
