#!/bin/bash
# bootctl is-installed | set-oneshot ID | --print-boot-path
set -u
[ -d /boot/loader ] || exit 1
for word in "$@"; do case $word in --quiet) shift ;; esac; done
case $1 in
  is-installed) echo yes ;;
  --print-boot-path | --print-esp-path) echo /boot ;;
  set-oneshot)
    if [ -z "$2" ]; then
      rm -f /boot/oneshot
      exit 0
    fi
    [ -e "/boot/loader/entries/$2" ] || exit 1
    if [ -e /no-efi-variables ]; then
      echo 'Failed to update EFI variable: Read-only file system' >&2
      exit 1
    fi
    echo "bootctl set-oneshot $2" >>/var/log/calls
    echo "$2" >/boot/oneshot
    ;;
  *) exit 1 ;;
esac
