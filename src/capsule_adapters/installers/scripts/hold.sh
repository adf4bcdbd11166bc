#!/bin/sh
# hold.sh MARKER: the lock of Capsule's home here, which `setup` on this machine takes too. It is had
# for as long as a line comes on stdin now and then: not longer than whoever asked for it lives.

beat() { # the next line; nothing when there is no more, or none came for a minute
  if has timeout; then timeout 60 head -n 1 || :; else head -n 1; fi
}

main() {
  umask 077
  lock=$(work_folder)/.lock
  exec 9>>"$lock"
  if ! locked_at_once 9; then
    say lock busy
    return 0
  fi
  say lock held
  while [ -n "$(beat)" ]; do :; done
}

main "$@"
