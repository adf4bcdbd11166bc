#!/bin/sh
# NixOS, built beside the system that runs and started in its stead: lustrate FLAKE HOST INSTALLER
# For machines with too little memory for an installer to start in. What was there is in
# /old-root afterwards. Until the last lines it can be broken off and done again.
set -eu
flake=$1 host=$2 installer=$3
system=/nix/var/nix/profiles/system
swap=/capsule-swap
export HOME=/root USER=root PATH="$PATH:/usr/sbin:/sbin:/nix/var/nix/profiles/default/bin"

step() { echo "### $*" >&2; }

if ! [ -e "$swap" ] && awk '$1 == "SwapTotal:" { exit !($2 < 1048576) }' /proc/meminfo; then
  step "2 GiB of swap to build in"
  dd if=/dev/zero of="$swap.part" bs=1M count=2048 status=none
  chmod 600 "$swap.part"
  mkswap "$swap.part" >/dev/null
  mv "$swap.part" "$swap"
fi
[ ! -e "$swap" ] || swapon "$swap" 2>/dev/null || grep -q "^$swap " /proc/swaps

if ! command -v nix >/dev/null && ! [ -x /root/.nix-profile/bin/nix ]; then
  step "Nix, by the Nix project's installer"
  getent group nixbld >/dev/null || groupadd --system nixbld
  for number in 1 2 3 4 5 6 7 8 9 10; do
    id "nixbld$number" >/dev/null 2>&1 ||
      useradd --system --no-create-home --home-dir /var/empty --shell /usr/sbin/nologin \
        --gid nixbld --groups nixbld "nixbld$number"
  done
  sh "$installer" --no-daemon --no-modify-profile --yes >&2
fi
PATH="$PATH:/root/.nix-profile/bin"

step "building the system"
nix --extra-experimental-features 'nix-command flakes' build --profile "$system" \
  "$flake#nixosConfigurations.\"$host\".config.system.build.toplevel"

step "putting it in the place of the old one"
touch /etc/NIXOS
# What stays: the configuration, the identity of the machine, and the way in.
printf '%s\n' etc/nixos etc/ssh/ssh_host_ed25519_key etc/ssh/ssh_host_ed25519_key.pub \
  root/.ssh/authorized_keys >/etc/NIXOS_LUSTRATE
chown -R 0:0 /nix/store
NIXOS_INSTALL_BOOTLOADER=1 "$system/bin/switch-to-configuration" boot >&2
sync
readlink -f "$system" # what it starts as, for those who read our stdout
step "restarting"
nohup sh -c 'sleep 2 && reboot' >/dev/null 2>&1 &
