#!/bin/bash
# Hands a command to the machine's first process, so that it is no child of who asks.
set -eu
name='' env=() properties=()
while [ "$#" -gt 0 ]; do
  case $1 in
    --unit=*) name=${1#--unit=} ;;
    --property=*) properties+=("${1#--property=}") ;;
    --setenv=*) env+=("${1#--setenv=}") ;;
    --service-type=* | --collect | --no-ask-password | --quiet) ;;
    --)
      shift
      break
      ;;
    -*)
      echo "systemd-run: unrecognized option '$1'" >&2
      exit 1
      ;;
    *) break ;;
  esac
  shift
done
while [ -e /slow-units ]; do sleep 0.1; done
if [ -e /no-units ]; then
  echo 'Failed to start transient service unit: Connection timed out' >&2
  exit 1
fi
unit=/run/fake/units/$name
if ! mkdir "$unit" 2>/dev/null; then
  echo "Failed to start transient service unit: Unit $name.service was already loaded or has a fragment file." >&2
  exit 1
fi
printf '%s\0' "$@" >"$unit/argv"
printf '%s\0' FAKE=1 "${env[@]}" >"$unit/env"
printf '%s\n' "${properties[@]}" >"$unit/properties"
echo "start $name" >/run/fake/control
for _ in $(seq 6000); do
  if [ -e "$unit/pid" ] || [ ! -d "$unit" ]; then exit 0; fi
  sleep 0.01
done
exit 1
