#!/bin/sh
# build.sh MARKER FOLDER: build the flake in FOLDER, below Capsule's home, onto Capsule's profile.
# build.sh MARKER "" STORE_PATH: set the profile to a path that is in the store already.

main() {
  folder=$2
  take_turn
  nix=$(nix_program) || fail "there is no nix program"
  PATH=$(dirname -- "$nix"):$PATH # it starts others of its kind
  export PATH
  link=$(profile_link)
  mkdir -p -- "$(dirname -- "$link")"
  if [ -n "$folder" ]; then
    # From inside: a flake's address could not hold every folder's name.
    cd -- "$(capsule_home)/$folder" || fail "there is no folder $folder"
    "$nix" --extra-experimental-features 'nix-command flakes' build --no-link \
      --profile "$link" 'path:.#default' >&2 ||
      fail "nix could not build the environment; what it said stands above"
  else
    nix-env --profile "$link" --set "$3" >&2 ||
      fail "nix could not set the profile; what it said stands above"
  fi
  say store_path "$(cd -P -- "$link" && pwd -P)"
}

main "$@"
