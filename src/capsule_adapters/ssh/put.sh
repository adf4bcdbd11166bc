#!/bin/sh
# put.sh PATH MODE: what is on stdin becomes the file's content, in one step.
set -eu
LC_ALL=C # what fails is told in words that can be recognised
export LC_ALL
umask 077
path=$1
hops=0
while [ -L "$path" ]; do # a link stays: what it points to is replaced
  hops=$((hops + 1))
  [ "$hops" -le 20 ] || {
    echo "put: the links of $1 go in a circle" >&2
    exit 1
  }
  to=$(readlink -- "$path")
  case $to in
    /*) path=$to ;;
    *) path=$(dirname -- "$path")/$to ;;
  esac
done
[ ! -d "$path" ] || {
  echo "put: $path is a folder" >&2
  exit 1
}
mkdir -p -- "$(dirname -- "$path")"
new=$path.capsule-$$
trap 'rm -f -- "$new"' EXIT
trap 'exit 1' HUP INT TERM
cat >"$new"
chmod -- "$2" "$new"
mv -f -- "$new" "$path"
