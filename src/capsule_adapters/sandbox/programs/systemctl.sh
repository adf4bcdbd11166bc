#!/bin/sh
# A service manager of one shelf: a file a unit, holding `active` or `inactive`.
shelf=$REHEARSAL/var/lib/rehearsal/units
printf '%s systemctl %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*" >>"$REHEARSAL/var/log/rehearsal.log"
verb=
units=
quiet=
for word in "$@"; do
  case $word in
    -q | --quiet) quiet=1 ;;
    --failed) verb=list-failed ;;
    -*) ;;
    *) if [ -z "$verb" ]; then verb=$word; else units="$units ${word%.service}"; fi ;;
  esac
done

state() {
  if [ -f "$shelf/$1" ]; then cat "$shelf/$1"; else echo inactive; fi
}

keep() {
  for unit in $units; do
    case $unit in ssh | sshd) : >"$REHEARSAL/run/rehearsal/sshd" ;; esac
    case $unit in */*) echo "Invalid unit name \"$unit\"" >&2 && exit 1 ;; esac
    echo "$1" >"$shelf/$unit"
  done
}

case $verb in
  start | restart | reload | reload-or-restart | try-restart) keep active ;;
  stop | kill) keep inactive ;;
  enable | disable | mask | unmask)
    case " $* " in
      *' --now '*) case $verb in enable) keep active ;; disable | mask) keep inactive ;; esac ;;
    esac
    ;;
  is-active)
    worst=3
    for unit in $units; do
      now=$(state "$unit")
      [ -n "$quiet" ] || echo "$now"
      [ "$now" != active ] || worst=0
    done
    exit $worst
    ;;
  is-enabled) echo enabled ;;
  is-failed) echo inactive && exit 1 ;;
  is-system-running) echo running ;;
  status | show) for unit in $units; do echo "ActiveState=$(state "$unit")"; done ;;
  list-failed | list-units) echo '0 loaded units listed.' ;;
  reboot | kexec) exec reboot ;;
  poweroff | halt) exec poweroff ;;
  *) ;;
esac
