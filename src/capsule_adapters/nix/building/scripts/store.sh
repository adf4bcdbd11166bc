#!/bin/sh
# store.sh MARKER, with store paths on stdin: what this machine's Nix is, what it trusts and
# builds for, how much room its store has, and which of the paths it lacks.

setting() { # setting NAME: its value, as a line of words
  { "$nix" --extra-experimental-features 'nix-command flakes' show-config ||
    "$nix" --extra-experimental-features 'nix-command flakes' config show; } 2>/dev/null |
    sed -n "s/^$1 = //p" | head -n 1
}

main() {
  nix=$(nix_program) || fail "there is no nix program"
  PATH=$(dirname -- "$nix"):$PATH # its companions stand beside it
  export PATH
  say nix "$nix"
  say free_kib "$(df -Pk /nix/store 2>/dev/null | awk 'NR == 2 { print $4 }')"
  for key in $(setting trusted-public-keys); do say key "$key"; done
  for system in $(setting system) $(setting extra-platforms); do say system "$system"; done
  # Which are not valid is said, and is no failure.
  xargs nix-store --check-validity --print-invalid |
    while read -r path; do say missing "$path"; done
  say end -
}

main "$@"
