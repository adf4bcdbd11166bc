#!/bin/sh
# generations.sh MARKER: what the generations of Capsule's profile lead to, and what is written down
# of them, line by line.

main() {
  for link in "$(profile_link)"-*-link; do
    if [ -L "$link" ]; then say living "$(readlink -- "$link")"; fi
  done
  records=$(capsule_home)/environment/generations.json
  if [ -f "$records" ]; then
    # shellcheck disable=SC2154  # places.sh has the marker
    sed "s/^/$marker records /" "$records" || fail "cannot read $records"
  fi
  say end yes
}

main "$@"
