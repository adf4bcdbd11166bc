#!/bin/bash
# nix-env -p PROFILE --set PATH | --switch-generation N, as Nix does it: a generation only where
# the newest is another path, the link last; nothing more fits onto a disk that is full.
set -eu
[ "$1" = -p ]
profile=$2 verb=$3 what=$4
echo "nix-env $verb $what" >>/var/log/calls
if [ -e /slow-profile ]; then sleep "$(cat /slow-profile)"; fi
point() { # point NUMBER
  ln -s "$(basename "$profile")-$1-link" "$profile.tmp"
  mv -T "$profile.tmp" "$profile"
}
newest=$(find "$(dirname "$profile")" -name "$(basename "$profile")-*-link" |
  sed 's/.*-\([0-9]*\)-link$/\1/' | sort -n | tail -n 1)
case $verb in
  --set)
    if [ ! -e "$what" ]; then
      echo "error: path '$what' does not exist and cannot be created" >&2
      exit 1
    fi
    if [ "$(readlink -f "$profile-$newest-link")" != "$what" ]; then
      if [ -e /full ]; then
        echo 'error: writing to file: No space left on device' >&2
        exit 1
      fi
      newest=$((newest + 1))
      ln -s "$what" "$profile-$newest-link"
    fi
    point "$newest"
    ;;
  --switch-generation)
    if [ ! -e "$profile-$what-link" ]; then
      echo "error: profile version $what does not exist" >&2
      exit 1
    fi
    point "$what"
    ;;
  *)
    exit 2
    ;;
esac
