#!/bin/bash
# install-loader.sh SYSTEM: entries for every generation, and SYSTEM the default, as NixOS' own
# installers do it for systemd-boot (names by content) and for GRUB (one file).
set -eu
default=$1
if [ -d /boot/grub ]; then
  echo "default $default" >/boot/grub/grub.cfg.new
  mv /boot/grub/grub.cfg.new /boot/grub/grub.cfg
  exit 0
fi
mkdir -p /boot/loader/entries
rm -f /boot/loader/entries/nixos-*.conf
found='nixos-*'
for link in /nix/var/nix/profiles/system-*-link; do
  system=$(readlink -f "$link")
  text=$(printf 'title NixOS\nversion %s\noptions init=%s/init quiet' "$(basename "$link")" "$system")
  name=nixos-$(printf '%s' "$text" | sha256sum | cut -c 1-64)
  printf '%s\n' "$text" >"/boot/loader/entries/$name.conf"
  if [ "$system" = "$default" ]; then found=$name.conf; fi
done
echo "default $found" >/boot/loader/loader.conf.new
mv /boot/loader/loader.conf.new /boot/loader/loader.conf
