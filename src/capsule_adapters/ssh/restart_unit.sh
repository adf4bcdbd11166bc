#!/bin/sh
# restart_unit.sh UNIT: restarts it, and looks a moment later whether it has failed again.
systemctl reset-failed -- "$1" 2>/dev/null # one that was restarted too often is refused else
systemctl restart -- "$1" || exit
sleep 1
if systemctl is-failed --quiet -- "$1"; then
  echo "it has failed again" >&2
  exit 1
fi
