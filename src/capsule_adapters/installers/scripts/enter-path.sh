#!/bin/sh
# enter-path.sh MARKER: put the block into the login shell's start-up file, once and at its end. What
# else stands there stays as it is, and so do its mode and, where it is a link, the link.

without_block() { # a block without its end is not taken for one: nothing of it is dropped
  # shellcheck disable=SC2154  # places.sh has both marks
  awk -v begin="$begin" -v end="$end" '
    $0 == begin { printf "%s", held; held = ""; inside = 1 }
    inside { held = held $0 "\n" }
    !inside { print }
    inside && $0 == end { inside = 0; held = "" }
    END { printf "%s", held }' "$1"
}

main() {
  file=$(start_up_file)
  mkdir -p -- "$(dirname -- "$file")"
  new=$file.capsule-$$
  trap 'rm -f -- "$new"' EXIT
  trap 'exit 1' HUP INT TERM
  if [ -f "$file" ]; then
    cp -p -- "$file" "$new"
    without_block "$file" >"$new"
  fi
  block >>"$new" || fail "cannot write $file"
  if [ -L "$file" ]; then
    cat -- "$new" >"$file" || fail "cannot write $file, which is a link"
  else
    mv -f -- "$new" "$file" || fail "cannot write $file"
  fi
}

main "$@"
