#!/bin/sh
# The machine's system becomes NixOS: what tells of it says so, and it restarts.
printf '%s nixos-install %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*" >>"$REHEARSAL/var/log/rehearsal.log"
printf '%s\n' 'NAME=NixOS' 'ID=nixos' 'VERSION_ID="26.05"' \
  'PRETTY_NAME="NixOS 26.05 (rehearsal)"' >"$REHEARSAL/etc/os-release"
# What runs there: nothing was built, so it is an empty folder.
mkdir -p "$REHEARSAL/opt/rehearsed-nixos"
ln -sfn /opt/rehearsed-nixos "$REHEARSAL/run/current-system"
case " $* " in
  *' --no-restart '*) ;;
  *) echo reboot >"$REHEARSAL/run/rehearsal/power" ;;
esac
