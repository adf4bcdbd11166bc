#!/bin/sh
# The machine's own name.
read -r name <"$REHEARSAL/etc/hostname"
echo "$name"
