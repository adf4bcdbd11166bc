#!/bin/sh
# Where nothing else keeps machines apart: the program, with the machine's own figures and keys.
program=${0##*/}
count=$#
while [ "$count" -gt 0 ]; do
  word=$1
  shift
  case $word in
    /proc/stat | /proc/meminfo | /proc/loadavg | /proc/uptime) word=$REHEARSAL_PROC/${word#/proc/} ;;
    /proc/sys/kernel/random/boot_id) word=$REHEARSAL_PROC/boot_id ;;
    /proc/spl/*) word=$REHEARSAL_PROC/none ;;
    /etc/os-release | /etc/hostname | /etc/ssh/* | /run/current-system) word=$REHEARSAL$word ;;
  esac
  set -- "$@" "$word"
  count=$((count - 1))
done
PATH=$REHEARSAL_PATH exec "$program" "$@"
