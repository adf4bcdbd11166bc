"""The one shell script that asks a machine for everything, in one round trip."""

import re

MARKER = re.compile(r"[0-9a-f]{16,}")

_SCRIPT = """\
LC_ALL=C
export LC_ALL
limit=
command -v timeout >/dev/null 2>&1 && limit='timeout 5'
part() { printf '\\n%s %s\\n' MARKER "$1"; }
part stat
head -n 1 /proc/stat
part meminfo
cat /proc/meminfo
part arc
cat /proc/spl/kstat/zfs/arcstats
part loadavg
cat /proc/loadavg
part uptime
cat /proc/uptime
part blocks
$limit df -P -k -l
part inodes
$limit df -P -i
sleep 0.5 || sleep 1
part stat-later
head -n 1 /proc/stat
part end
"""


def script(marker: str) -> str:
    """The script for metrics, marked with `marker`, a random word."""
    return marked(_SCRIPT, marker)


def marked(text: str, marker: str) -> str:
    """A script of ours whose parts are told from any other output by `marker`."""
    if not MARKER.fullmatch(marker):
        raise ValueError("a marker is at least 16 hexadecimal digits")
    return f"{{\n{text.replace('MARKER', marker)}}} 2>/dev/null\n"


def parts(output: str, marker: str) -> dict[str, str]:
    """What the script printed, by part. What stands before the first marker is not ours.

    A part that the output does not hold is absent; without the last one the script
    did not come to its end.
    """
    found: dict[str, str] = {}
    for piece in re.split(rf"^{re.escape(marker)} ", output, flags=re.MULTILINE)[1:]:
        name, _, text = piece.partition("\n")
        found.setdefault(name.strip(), text.strip("\n"))
    return found
