#!/bin/sh
# Asks whoever runs the machine to switch it off, or off and on again.
program=${0##*/}
printf '%s %s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$program" "$*" >>"$REHEARSAL/var/log/rehearsal.log"
wish=off
case "$program $* " in
  *' -c '*) exit 0 ;;
  reboot* | kexec*' -e '* | shutdown*' -r '*) wish=reboot ;;
  kexec*) exit 0 ;;
esac
echo $wish >"$REHEARSAL/run/rehearsal/power"
