#!/bin/sh
# room.sh MARKER, with a file a line on stdin, `BASE64 NAME`: a new private folder with those
# files, and where this machine has a nixpkgs.

unpack() { # unpack ROOM
  while read -r content name; do
    mkdir -p -- "$(dirname -- "$1/$name")" &&
      printf '%s' "${content#-}" | base64 -d >"$1/$name" || return 1
  done
}

main() {
  nix=$(nix_program) || fail "there is no nix program"
  PATH=$(dirname -- "$nix"):$PATH
  export PATH
  umask 077
  room=$(mktemp -d "${TMPDIR:-/tmp}/capsule-XXXXXXXXXX") || fail "there is no room for it"
  if ! unpack "$room"; then
    rm -rf -- "$room"
    fail "it cannot be written to $room"
  fi
  say room "$room"
  say nixpkgs "$(nix-instantiate --find-file nixpkgs 2>/dev/null || :)"
}

main "$@"
