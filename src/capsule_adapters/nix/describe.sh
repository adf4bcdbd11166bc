#!/bin/sh
# describe.sh REQUEST EXPRESSION [MODE]: what a configuration says of its machine, as JSON.
request=$1 expression=$2
shift 2
LC_ALL=C NO_COLOR=1
export LC_ALL NO_COLOR
exec nix-instantiate --extra-experimental-features 'nix-command flakes' "$@" \
  --eval --strict --json --show-trace -A describe --argstr request "$request" "$expression" \
  </dev/null
