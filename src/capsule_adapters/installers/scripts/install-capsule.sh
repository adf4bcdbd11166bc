#!/bin/sh
# install-capsule.sh MARKER WHEEL STAMP: Capsule in an environment of its own; the link to it is changed
# in one step when it is complete and has started once. The wheel is removed after.

point() { # point LINK TARGET: in one step, also where LINK leads to something already
  "$python" -c 'import os, sys
link, target = sys.argv[1:]
beside = f"{link}.{os.getpid()}"
os.symlink(target, beside)
os.replace(beside, link)' "$1" "$2"
}

sweep() { # sweep FORMER: keep what runs now and what ran until now; a day for unfinished ones
  for folder in "$data/venvs"/*; do
    case $folder in
      "$new" | "$1") continue ;;
    esac
    if [ -f "$folder/.capsule-content" ]; then rm -rf -- "$folder"; fi
    find "$folder" -prune -type d -mtime +0 -exec rm -rf {} + 2>/dev/null || :
  done
}

clean_up() {
  rm -f -- "$wheel"
  if [ -z "$complete" ] && [ -n "$new" ]; then rm -rf -- "$new"; fi
}

main() {
  wheel=$2 stamp=$3 new='' complete=''
  trap clean_up EXIT
  trap 'exit 1' HUP INT TERM
  take_turn
  [ "$(capsule_kind)" != foreign ] || fail "$HOME/.local/bin/capsule is not ours"
  python=$(python_program) || fail "there is no Python of 3.11 or newer that makes environments"
  data=$(capsule_data)
  mkdir -p -- "$data/venvs" "$HOME/.local/bin"
  new=$(mktemp -d "$data/venvs/XXXXXXXX")
  chmod 755 "$new"
  "$python" -m venv "$new" >&2 || fail "python cannot make an environment"
  "$new/bin/python" -m pip install --quiet --no-input --disable-pip-version-check \
    "$wheel" >&2 || fail "pip cannot install it; what it said stands above"
  "$new/bin/capsule" --version >&2 || fail "what was installed does not start"
  printf '%s\n' "$stamp" >"$new/.capsule-content"
  complete=yes
  former=$(readlink -- "$data/venv" || :)
  point "$data/venv" "$new"
  point "$HOME/.local/bin/capsule" "$data/venv/bin/capsule"
  sweep "$former"
}

unset PYTHONHOME PIP_TARGET PIP_PREFIX PIP_USER VIRTUAL_ENV 2>/dev/null || :
main "$@"
