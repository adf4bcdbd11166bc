#!/bin/sh
# survey.sh MARKER ROOT: what a machine is that NixOS is to be put on, each fact a line `MARKER
# name value`. Changes nothing. ROOT stands before /proc, /sys, /etc and /dev; it is empty but for
# tests.
set +e

say() { printf '\n%s %s %s\n' "$marker" "$1" "$2"; }
first_line() { head -n 1 "$root$1" 2>/dev/null; }
release() { # release KEY
  sed -n "s/^$1=//p" "$root/etc/os-release" 2>/dev/null | head -n 1 | tr -d "\"'"
}

tell_system() {
  say hostname "$(hostname 2>/dev/null || uname -n)"
  say kernel "$(uname -s)"
  say architecture "$(uname -m)"
  say system "$(release ID)"
  say variant "$(release VARIANT_ID)"
  say distribution "$(release PRETTY_NAME)"
  say vendor "$(first_line /sys/class/dmi/id/sys_vendor)"
  say memory_mib "$(awk '$1 == "MemTotal:" { print int($2 / 1024) }' "$root/proc/meminfo")"
  say boot_id "$(first_line /proc/sys/kernel/random/boot_id)"
  container=$(systemd-detect-virt --container 2>/dev/null)
  if [ -e "$root/.dockerenv" ]; then container=docker; fi
  if [ "$container" != none ]; then say container "$container"; fi
}

tell_start() { # what it starts by, and whether another kernel may be started from here
  if [ -d "$root/sys/firmware/efi" ]; then say firmware uefi; else say firmware bios; fi
  for variable in "$root"/sys/firmware/efi/efivars/SecureBoot-*; do
    if [ -r "$variable" ] && [ "$(od -An -t u1 -j 4 -N 1 "$variable" | tr -d ' ')" = 1 ]; then
      say secure_boot yes
    fi
  done
  say kexec_disabled "$(first_line /proc/sys/kernel/kexec_load_disabled)"
  say lockdown "$(first_line /sys/kernel/security/lockdown | sed -n 's/.*\[\(.*\)\].*/\1/p')"
}

tell_person() {
  say user "$(id -un)"
  say sudo "$(sudo_kind)"
  keys=$(grep -c '^[^#]*AAAA' "$HOME/.ssh/authorized_keys" 2>/dev/null)
  say authorized_keys "${keys:-0}"
  for key in "$root"/etc/ssh/ssh_host_*_key.pub; do
    if [ -r "$key" ]; then say host_key "$(cut -d ' ' -f 1,2 "$key")"; fi
  done
}

tell_programs() {
  for program in tar cpio; do
    if has "$program"; then say program "$program"; fi
  done
  if has setsid && setsid --wait true 2>/dev/null; then say program setsid; fi
}

tell_network() {
  say connection "${SSH_CONNECTION:-}"
  if has ip; then
    if ip route get 1 >/dev/null 2>&1; then say ipv4 yes; fi
    if ip -6 route get :: >/dev/null 2>&1; then say ipv6 yes; fi
    say gateway "$(ip route show default 2>/dev/null | awk '$2 == "via" { print $3; exit }')"
    ip -o address show 2>/dev/null | while read -r _ interface _ address _; do
      say address "$interface $address"
    done
  fi
}

tell_disks() {
  say root "$(findmnt -n -r -o SOURCE / 2>/dev/null)"
  say disks "$(lsblk -J -b -o NAME,SIZE,TYPE,RO,RM,MODEL,SERIAL,MOUNTPOINT 2>/dev/null | tr -d '\n')"
  for link in "$root"/dev/disk/by-id/*; do
    if [ -L "$link" ]; then say name "$(basename -- "$link") $(basename -- "$(readlink -- "$link")")"; fi
  done
}

marker=$1 root=$2
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/run/current-system/sw/bin
tell_system
tell_start
tell_person
tell_programs
tell_network
tell_disks
say end yes
