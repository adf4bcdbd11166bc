#!/bin/sh
# install-nix.sh MARKER MODE INSTALLER: run the Nix project's installer, which is a file here.
# MODE is daemon or no-daemon. The file is removed after; its words go to stderr.

main() {
  mode=$2 installer=$3
  trap 'rm -f -- "$installer"' EXIT
  take_turn
  USER=${USER:-$(id -un)}
  export USER
  conf=${NIX_CONF_DIR:-/etc/nix}/nix.conf
  if [ "$mode" = no-daemon ] && [ "$(id -u)" = 0 ] && [ ! -e "$conf" ]; then
    # Without a daemon there are no build users, and root alone would be asked for them.
    mkdir -p -- "$(dirname -- "$conf")"
    printf 'build-users-group =\n' >"$conf"
  fi
  sh "$installer" "--$mode" --yes --no-channel-add >&2 ||
    fail "the Nix installer failed ($?); what it said stands above"
  nix=$(nix_program) || fail "the Nix installer ended well, and yet there is no nix program"
  say nix_version "$("$nix" --version | awk '{ print $NF }')"
}

main "$@"
