#!/bin/sh
# generations.sh MARKER: a line for each generation of the system, its fields apart by tabs. Asks
# no daemon and takes no lock, so no root is needed.
require_nixos
say profile_generation "$(generation_of "$profile")"
say running "$(readlink -f /run/current-system)"
say booted "$(readlink -f /run/booted-system)"

tab=$(printf '\t')
for link in "$profile"-*-link; do
  number=${link#"$profile-"}
  number=${number%-link}
  case $number in '' | *[!0-9]*) continue ;; esac
  path=$(readlink -f "$link")
  [ -e "$path/nixos-version" ] || continue # collected
  kernel=$(find "$path/kernel-modules/lib/modules" -mindepth 1 -maxdepth 1 2>/dev/null | sort | tail -n 1)
  revision=$(timeout 5 "$path/sw/bin/nixos-version" --configuration-revision 2>/dev/null)
  inside=$(find "$path/specialisation" -mindepth 1 -maxdepth 1 2>/dev/null | sed 's|.*/||' | sort | paste -sd / -)
  # The link's own time: what it leads to is of the year 1970.
  say generation "$number$tab$(stat -c %Y "$link")$tab$path$tab$(
    head -n 1 "$path/nixos-version"
  )$tab${kernel##*/}$tab$revision$tab$inside"
done
say end yes
