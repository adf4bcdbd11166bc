#!/bin/sh
# deadline.sh SECONDS PROGRAM [ARGUMENT]...: runs it, and ends it after its time where the
# machine has a `timeout` that can.
seconds=$1
shift
if timeout -k 5 5 true 2>/dev/null; then
  exec timeout -k 5 "$seconds" "$@" </dev/null
fi
exec "$@" </dev/null
