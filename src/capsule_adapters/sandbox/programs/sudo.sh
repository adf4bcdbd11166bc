#!/bin/sh
# Everybody is root already: runs the command as it is.
while [ $# -gt 0 ]; do
  case $1 in
    -u | -g | -h | -p | -C | -T | -r | -t) shift 2 || exit 1 ;;
    --) shift && break ;;
    -*) shift ;;
    *=*) export "${1?}" && shift ;;
    *) break ;;
  esac
done
[ $# -gt 0 ] || exit 0
exec "$@"
