#!/bin/sh
# The machine's own disks, in the form of `df -P -k` or, with -i, of `df -P -i`.
table=blocks
for word in "$@"; do
  case $word in
    --inodes) table=inodes ;;
    --*) ;;
    -*i*) table=inodes ;;
  esac
done
while read -r line; do printf '%s\n' "$line"; done <"$REHEARSAL/var/lib/rehearsal/df-$table"
