#!/bin/sh
# Before every other script here: how it speaks, and the tools of the system that runs.
set -u
LC_ALL=C
PATH=/run/wrappers/bin:/run/current-system/sw/bin:${PATH:-/usr/bin:/bin}
export LC_ALL PATH
marker=$1
shift

say() { printf '\n%s %s %s\n' "$marker" "$1" "$2"; }

refuse() { # refuse KIND WHY: nothing was changed
  say refused "$1 $2"
  say end yes
  exit 0
}

require_nixos() {
  if [ -e /etc/NIXOS ] && [ -e /run/current-system/nixos-version ]; then return 0; fi
  refuse foreign "it is not NixOS"
}

uid=$(id -u)
as_root() { if [ "$uid" = 0 ]; then "$@"; else sudo -n "$@" 2>/dev/null; fi; }

require_sudo() {
  if ! command -v sudo >/dev/null 2>&1; then refuse no-root "it has no sudo"; fi
  if ! sudo -n true >/dev/null 2>&1; then refuse no-root "its sudo asks for a password"; fi
}
