#!/bin/sh
# room.sh MARKER ROOM, with a file a line on stdin, `BASE64 NAME`: a new private folder with those
# files, and where this machine has a nixpkgs.

unpack() { # unpack ROOM
  umask 077
  mkdir -- "$1" || return 1
  while read -r content name; do
    mkdir -p -- "$(dirname -- "$1/$name")" &&
      printf '%s' "${content#-}" | base64 -d >"$1/$name" || return 1
  done
}

main() {
  if ! unpack "$2"; then
    rm -rf -- "$2"
    fail "the configuration cannot be written to $2"
  fi
  nix=$(nix_program) || fail "there is no nix program"
  PATH=$(dirname -- "$nix"):$PATH
  export PATH
  say nixpkgs "$(nix-instantiate --find-file nixpkgs 2>/dev/null || :)"
}

main "$@"
