#!/bin/sh
# realise.sh MARKER PATH NAME: build a derivation, or take a path that is here, and keep what it
# comes to from the garbage collector: by one link for each NAME, to what was there last.

main() {
  nix=$(nix_program) || fail "there is no nix program"
  PATH=$(dirname -- "$nix"):$PATH
  export PATH
  link=$(capsule_data)/systems/$3
  mkdir -p -- "$(dirname -- "$link")"
  nix-store --realise "$2" --add-root "$link" --indirect >&2 ||
    fail "nix could not build it; what it said stands above"
  say store_path "$(readlink -f -- "$link")"
}

main "$@"
