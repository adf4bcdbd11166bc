#!/bin/sh
# build.sh MARKER ROOM NAME: build the system that ROOM's request.json asks ROOM's systems.nix for,
# and keep it from the garbage collector, as realise.sh does.

main() {
  nix=$(nix_program) || fail "there is no nix program"
  PATH=$(dirname -- "$nix"):$PATH
  export PATH
  link=$(capsule_data)/systems/$3
  mkdir -p -- "$(dirname -- "$link")"
  nix-build --extra-experimental-features 'nix-command flakes' --out-link "$link" -A system \
    --argstr request "$2/request.json" "$2/systems.nix" >&2 ||
    fail "nix could not build it; what it said stands above"
  say store_path "$(readlink -f -- "$link")"
}

main "$@"
