#!/bin/sh
# Stands for Nix: builds nothing, and acts upon a profile as the real one does, so that who planted
# it finds what was made. What it puts in place of packages is a folder that says so.
set -eu
program=${0##*/}
printf '%s %s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$program" "$*" >>"$REHEARSAL/var/log/rehearsal.log"

become() { # become LINK STORE_PATH: a new generation, unless it is the one that is current
  if [ "$(readlink -f -- "$1" || :)" = "$2" ]; then return 0; fi
  number=1
  while [ -L "$1-$number-link" ]; do number=$((number + 1)); done
  ln -s -- "$2" "$1-$number-link"
  ln -sfn -- "${1##*/}-$number-link" "$1"
}

build() { # build WORD…: the flake in this folder, onto the profile that is named
  link=
  while [ $# -gt 0 ]; do
    case $1 in --profile) link=$2 && shift ;; esac
    shift
  done
  echo "rehearsal: nothing is built, and no package is there" >&2
  [ -n "$link" ] || return 0
  sum=$(sha256sum <flake.nix | cut -c 1-32)
  store=$(cd -- "$REHEARSAL/var/lib/rehearsal" && pwd -P)/store/$sum-capsule
  mkdir -p -- "$store/bin"
  echo 'A rehearsal: the packages of the flake beside this would be here.' >"$store/README"
  cat flake.nix >"$store/flake.nix"
  become "$link" "$store"
}

case "$program $*" in
  'nix --version') echo 'nix (Nix) 2.28.3' ;;
  *' --version') echo "$program (Nix) 2.28.3" ;;
  'nix --extra-experimental-features nix-command flakes build '*) shift 3 && build "$@" ;;
  *) echo "rehearsal: noted, not done: $program $*" >&2 ;;
esac
