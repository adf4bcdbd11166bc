#!/bin/sh
# closure.sh MARKER SYSTEM…: everything that each system needs, with its size in bytes, its kernel
# and its database. A system that is not in the store is told as absent. Root is not needed.

closure() { # closure NUMBER SYSTEM
  if ! nix-store --check-validity "$2" 2>/dev/null; then
    say absent "$2"
    return 0
  fi
  "$nix" --extra-experimental-features 'nix-command flakes' path-info --recursive --size "$2" |
    while read -r path size; do say path "$1 $size $path"; done
  for modules in "$2"/kernel-modules/lib/modules/*; do
    if [ -e "$modules" ]; then say kernel "$1 $(basename -- "$modules")"; fi
  done
  unit=$2/etc/systemd/system/postgresql.service
  if [ -r "$unit" ]; then
    grep -o '[0-9a-z]\{32\}-postgresql[^/ "]*' "$unit" | sort -u |
      while read -r name; do say database "$1 $name"; done
  fi
}

main() {
  nix=$(nix_program) || fail "there is no nix program"
  PATH=$(dirname -- "$nix"):$PATH
  export PATH
  shift
  number=0
  for system; do
    closure "$number" "$system"
    number=$((number + 1))
  done
  say end -
}

main "$@"
