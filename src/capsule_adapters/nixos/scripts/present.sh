#!/bin/sh
# What holds on this machine now; for `look` and for what changes it.

profile=/nix/var/nix/profiles/system

running() { readlink -f /run/current-system; }
in_profile() { readlink -f "$profile"; }

generation_of() { # generation_of LINK: the number in the name that a profile leads to
  readlink "$1" 2>/dev/null | sed -n 's/.*-\([0-9]\{1,\}\)-link$/\1/p'
}

boot_loader() { # systemd-boot, grub or nothing: what the running system installs, else what is there
  case $(grep -aoE 'install-(systemd-boot|grub)' /run/current-system/bin/switch-to-configuration) in
    install-systemd-boot*) echo systemd-boot && return ;;
    install-grub*) echo grub && return ;;
  esac
  # /boot may be root's alone.
  for folder in /boot /efi /boot/efi; do
    if as_root test -e "$folder/loader/loader.conf"; then
      echo systemd-boot
      return
    fi
  done
  if as_root test -e /boot/grub/grub.cfg; then echo grub; fi
}

is_capsule_locked() { # whether a watchdog is at work; those who only ask disturb nobody
  as_root test -e /run/capsule/lock && ! as_root flock -n -s /run/capsule/lock true
}

is_locked() { # is_locked FILE: by others, who do not wait and must not find it held by us
  awk -v "place=:$(stat -c %i "$1" 2>/dev/null || echo none)" \
    '$2 == "FLOCK" && substr($6, length($6) - length(place) + 1) == place { found = 1 } END { exit !found }' \
    /proc/locks
}

switching() { # what switches this machine right now, a line each
  for unit in nixos-rebuild-switch-to-configuration.service nixos-upgrade.service; do
    if systemctl is-active --quiet "$unit"; then echo "$unit"; fi
  done
  if is_capsule_locked; then
    echo "capsule-apply-$(as_root cat /run/capsule/lock)"
  elif is_locked /run/nixos/switch-to-configuration.lock; then
    echo "switch-to-configuration"
  fi
}
