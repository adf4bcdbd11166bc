"""The shell scripts that ask a machine for what we want to know."""

import re

MARKER = re.compile(r"[0-9a-f]{16,}")

# Each line read is a number and what is wanted: d disks, s system, t two readings.
# What it starts must not read our lines, and its complaints are nobody's figures.
# Of /proc only lines with figures of ours leave the machine, in one piece: the rest of it
# would cost us more to take in and to take apart than it costs the machine to leave out.
_LOOP = """\
LC_ALL=C
export LC_ALL
PATH=$PATH:/usr/sbin:/sbin:/run/current-system/sw/bin
limit=
command -v timeout >/dev/null 2>&1 && limit='timeout 5'
arc=/proc/spl/kstat/zfs/arcstats
[ -r "$arc" ] || arc=
lines='^cpu |^[0-9.]+ [0-9.]+|^[0-9a-f]+-|^Mem[TA]|^ *[^ :]+:.*[0-9]$'
lines="$lines|^ +[0-9]+ +[0-9]+ [hmnsvx]|^(size|c_min) "
part() { printf '\\n%s %s\\n' MARKER "$1"; }
proc() {
  grep -h -E "$lines" /proc/stat /proc/loadavg /proc/uptime /proc/sys/kernel/random/boot_id \\
    /proc/meminfo /proc/net/dev /proc/diskstats $arc
}
disks() {
  part blocks
  $limit df -P -k -l
  part inodes
  $limit df -P -i -l
}
system() {
  part cores
  grep -c '^cpu[0-9]' /proc/stat
  if rows=$($limit systemctl list-units --state=failed --plain --no-legend --no-pager); then
    part units
    printf '%s\\n' "$rows"
  fi
  if rows=$($limit nvidia-smi --format=csv,noheader,nounits \\
      --query-gpu=utilization.gpu,memory.used,memory.total,temperature.gpu,name); then
    part gpus
    printf '%s\\n' "$rows"
  fi
  current=$(readlink -f /run/current-system) || return
  part generation
  for link in /nix/var/nix/profiles/system /nix/var/nix/profiles/system-*-link; do
    if [ "$(readlink -f "$link")" = "$current" ]; then
      echo "$link $(readlink "$link")"
      break
    fi
  done
}
while read -r number wanted; do
  {
    printf '\\n%s begin %s\\n\\n%s proc\\n' MARKER "$number" MARKER
    proc
    case $wanted in *d*) disks ;; esac
    case $wanted in *s*) system ;; esac
    case $wanted in *t*)
      sleep 0.5 || sleep 1
      part proc-later
      proc
    esac
    part "end $number"
  } </dev/null 2>/dev/null
done
"""


def loop_script(marker: str) -> str:
    """The script that answers line after line, its parts marked with `marker`."""
    return _LOOP.replace("MARKER", _checked(marker))


def marked(text: str, marker: str) -> str:
    """A script of ours whose parts are told from any other output by `marker`."""
    return f"{{\n{text.replace('MARKER', _checked(marker))}}} 2>/dev/null\n"


def parts(output: str, marker: str) -> dict[str, str]:
    """What the script printed, by part. What stands before the first marker is not ours.

    A part that the output does not hold is absent; without the last one the script
    did not come to its end.
    """
    found: dict[str, str] = {}
    for piece in f"\n{output}".split(f"\n{marker} ")[1:]:
        name, _, text = piece.partition("\n")
        found.setdefault(name.strip(), text.strip("\n"))
    return found


def _checked(marker: str) -> str:
    if not MARKER.fullmatch(marker):
        raise ValueError("a marker is at least 16 hexadecimal digits")
    return marker
