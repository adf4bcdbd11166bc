#!/bin/sh
# facts.sh MARKER URL FILE…: all that is to be known, each a line `MARKER name value`, which no
# banner can be taken for. Changes nothing. FILEs are below Capsule's home; URL may be empty.
set +e

free_mib() { # free_mib FOLDER: of the nearest folder above that is there
  folder=$1
  while [ ! -d "$folder" ] && [ "$folder" != / ]; do folder=$(dirname -- "$folder"); done
  df -P -k -- "$folder" 2>/dev/null | awk 'NR > 1 { free = $4 } END { if (free != "") print int(free / 1024) }'
}

tell_system() {
  say kernel "$(uname -s)"
  say architecture "$(uname -m)"
  if [ -r /etc/os-release ]; then
    say distribution "$(sed -n 's/^PRETTY_NAME=//p' /etc/os-release | head -n 1 | tr -d "\"'")"
  elif has sw_vers; then
    say distribution "macOS $(sw_vers -productVersion)"
  fi
  if [ -d /run/systemd/system ]; then say systemd yes; fi
  if [ -e /.dockerenv ] || [ -e /run/.containerenv ] ||
    { has systemd-detect-virt && systemd-detect-virt --container --quiet; }; then
    say container yes
  fi
  if grep -qi microsoft /proc/sys/kernel/osrelease 2>/dev/null; then say wsl yes; fi
  case $(cat /sys/fs/selinux/enforce 2>/dev/null) in
    1) say selinux enforcing ;;
    0) say selinux permissive ;;
  esac
}

tell_person() {
  say user "$(id -un)"
  say home "$HOME"
  say capsule_home "$(capsule_home)"
  say login_shell "$(login_shell)"
  say start_up_file "$(start_up_file)"
  say sudo "$(sudo_kind)"
}

tell_programs() {
  for program in tar xz curl wget git bash; do
    if has "$program"; then say program "$program"; fi
  done
  if python=$(python_program); then
    say python "$python"
    say python_version "$("$python" -c 'import platform; print(platform.python_version())')"
  fi
  if [ -d "$nix_folder" ]; then
    say nix_folder yes
    if [ -w "$nix_folder" ]; then say nix_folder_writable yes; fi
  fi
  if [ -r /proc/meminfo ]; then
    say memory_mib "$(awk '$1 == "MemTotal:" { print int($2 / 1024) }' /proc/meminfo)"
  fi
  say free_store_mib "$(free_mib "$nix_folder")"
  say free_home_mib "$(free_mib "$HOME")"
}

tell_nix() { # tell_nix URL
  if nix=$(nix_program); then
    say nix "$nix"
    say nix_version "$("$nix" --version 2>/dev/null | awk '{ print $NF }')"
  elif [ -n "$1" ]; then
    online=no
    if has curl; then
      if curl -fsSL -m 8 -o /dev/null -- "$1" >/dev/null 2>&1; then online=yes; fi
    elif has wget; then
      if wget -q -T 8 -O /dev/null -- "$1" >/dev/null 2>&1; then online=yes; fi
    fi
    say online "$online"
  fi
}

tell_earth() { # tell_earth FILE…
  home=$(capsule_home)
  for file in "$@"; do
    if [ -f "$home/$file" ] && [ -r "$home/$file" ]; then
      say file "$(sha256_of "$home/$file") $file"
    fi
  done
  if [ -f "$home/planted.json" ]; then say record "$(head -c 4096 "$home/planted.json" | tr '\n' ' ')"; fi
  if [ -e "$(profile_link)" ]; then say store_path "$(cd -P -- "$(profile_link)" && pwd -P)"; fi
  file=$(start_up_file)
  if [ -r "$file" ] && [ "$(block_in "$file")" = "$(block)" ]; then say on_path yes; fi
  say capsule "$(capsule_kind)"
  stamp=$(capsule_data)/venv/.capsule-content
  if [ "$(capsule_kind)" = ours ] && [ -x "$HOME/.local/bin/capsule" ] && [ -r "$stamp" ]; then
    say capsule_stamp "$(head -n 1 "$stamp")"
  fi
}

url=$2
shift 2
nix_folder=/nix
tell_system
tell_person
tell_programs
tell_nix "$url"
tell_earth "$@"
say end yes
