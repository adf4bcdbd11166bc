"""The shell scripts that run on a NixOS machine, put together as they are sent."""

from importlib.resources import files

PARTS = {
    "look": ("ground", "present", "look"),
    "generations": ("ground", "present", "generations"),
    "begin": ("ground", "present", "journal", "reachable", "begin"),
    "follow": ("ground", "present", "journal", "follow"),
    "decide": ("ground", "present", "journal", "decide"),
}
"""By script: the files that it is made of, each relying upon those before it."""

WATCHDOG = ("present", "journal", "reachable", "carry", "default", "switch")

_ELEVATED = """\
PATH=/run/wrappers/bin:/run/current-system/sw/bin:${PATH:-/usr/bin:/bin}
export PATH
run() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
if [ "$(id -u)" != 0 ] && ! sudo -n true >/dev/null 2>&1; then
  printf '\\n%s refused no-root its sudo asks for a password, or is not there\\n' "$1"
  printf '%s end yes\\n' "$1"
  exit 0
fi
run env "CAPSULE_CONNECTION=${SSH_CONNECTION:-}" sh -s -- "$@" <<'CAPSULE_BODY'
"""


def text(name: str) -> str:
    """The script, with nothing on its stdin. It is read whole before it begins."""
    return _whole(_joined(PARTS[name]))


def as_root(name: str) -> str:
    """The same, run by root: as who comes in, or by its sudo."""
    body = _joined(PARTS[name])
    if name == "begin":
        body = f"{_printing(watchdog())}{body}"
    return _whole(f"{_ELEVATED}{_whole(body)}CAPSULE_BODY\n")


def watchdog() -> str:
    """What `begin` lays down on the machine, to be run by its bash."""
    return f"#!/bin/sh\nset -u\n{_joined(WATCHDOG)}"


def _joined(parts: tuple[str, ...]) -> str:
    folder = files("capsule_adapters.nixos") / "scripts"
    return "\n".join((folder / f"{part}.sh").read_text("utf-8") for part in parts)


def _whole(script: str) -> str:
    return f"{{\n{script}}} </dev/null\n"


def _printing(script: str) -> str:
    return f"watchdog() {{\n  cat <<'CAPSULE_WATCHDOG'\n{script}CAPSULE_WATCHDOG\n}}\n"
