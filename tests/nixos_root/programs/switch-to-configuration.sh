#!/bin/bash
# shellcheck disable=SC1091,SC2154  # names come from `behaviour`
# As unkind as the real one, and in its order: the lock (exit 11), what must not be switched
# while it runs (exit 1), the boot loader, an init that is of another kind (exit 100), then
# the units (exit 4 when some fail).
set -u
system=$(dirname "$(dirname "$0")")
. "$system/behaviour"
action=$1
echo "$system $action" >>/var/log/calls

if [ ! -e /etc/NIXOS ]; then
  echo 'This is not a NixOS installation!' >&2
  exit 2
fi
mkdir -p /run/nixos
exec 9>>/run/nixos/switch-to-configuration.lock
if ! flock -n 9 || [ "$finds_lock_held" = yes ]; then
  echo 'Could not acquire lock' >&2
  exit 11
fi
if [ "${NIXOS_NO_CHECK:-}" != 1 ] && [ "$action" = test ]; then
  printf 'Checking switch inhibitors...'
  if ! cmp -s /run/current-system/switch-inhibitors "$system/switch-inhibitors"; then
    printf '\nThere are changes to critical components of the system:\n\n%s\n' \
      'dbus-implementation: dbus -> broker'
    echo "Pre-switch check 'switchInhibitors' failed" >&2
    echo 'Pre-switch checks failed' >&2
    exit 1
  fi
  echo ' done'
fi
if [ "$action" = boot ]; then
  [ "$boot_seconds" = 0 ] || sleep "$boot_seconds"
  if [ -e /full ]; then
    echo 'cp: error writing: No space left on device' >&2
    echo 'Failed to install bootloader' >&2
    exit 1
  fi
  [ "$boot_exit" = 0 ] || exit "$boot_exit"
  /opt/programs/install-loader.sh "$system"
  echo "$system is what it starts as" >>/var/log/calls
  [ "$boot_seconds_after" = 0 ] || sleep "$boot_seconds_after"
  exit 0
fi
if ! cmp -s /run/current-system/init-interface-version "$system/init-interface-version"; then
  echo 'Warning: the new NixOS configuration has an init that is' >&2
  echo 'incompatible with the current configuration.' >&2
  exit 100
fi
if [ "$ignores_term" = yes ]; then trap '' TERM; fi
echo "activating the configuration $system..."
[ "$seconds_before" = 0 ] || sleep "$seconds_before"
if [ "$activation_exit" = 2 ]; then
  echo 'Activation script snippet failed (1)' >&2
  exit 2
fi
ln -s "$system" /run/current-system.new
mv -T /run/current-system.new /run/current-system
"$system/bin/effects" 9>&-
[ "$seconds_after" = 0 ] || sleep "$seconds_after"
if [ "$activation_exit" != 0 ]; then exit "$activation_exit"; fi
if [ -s /run/fake/failed ]; then
  echo "warning: the following units failed: $(paste -sd ' ' /run/fake/failed)" >&2
  exit 4
fi
