#!/bin/sh
# The machine's own disks, in the form of `df -P -k` or, with -i, of `df -P -i`. Whatever folder is
# named lies on the disk of the root.
table=blocks
only=
for word in "$@"; do
  case $word in
    --inodes) table=inodes ;;
    --*) ;;
    -*i*) table=inodes ;;
    -*) ;;
    *) only=/ ;;
  esac
done
while read -r line; do
  case "$only $line" in
    ' '* | '/ Filesystem'* | *'% /') printf '%s\n' "$line" ;;
  esac
done <"$REHEARSAL/var/lib/rehearsal/df-$table"
