#!/bin/bash
# nix-store --add-root LINK -r PATH | --check-validity PATH
set -eu
if [ "$1" = --check-validity ]; then
  [ -e "$2" ] || { echo "error: path '$2' is not valid" >&2; exit 1; }
  exit 0
fi
[ "$1" = --add-root ] && [ "$3" = -r ]
if [ ! -e "$4" ]; then
  echo "error: path '$4' does not exist and cannot be created" >&2
  exit 1
fi
if [ -e /full ]; then
  echo "error: creating directory '$2': No space left on device" >&2
  exit 1
fi
mkdir -p "$(dirname "$2")"
ln -sfn "$4" "$2"
echo "$2"
