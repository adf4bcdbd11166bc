"""A Nix that notes how it was called and builds nothing, and machines whose scripts answer."""

import os
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from capsule_domain.errors import HostUnreachable
from capsule_domain.ports.host import Completed, Destination, Host, Target

FEATURES = ["--extra-experimental-features", "nix-command flakes"]
SYSTEM = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system-web-26.05"
DERIVATION = "/nix/store/z123456789abcdfghijklmnpqrsvwxya-nixos-system-web-26.05.drv"

# Words end with \\037, which none of them has.
_NIX = """\
#!/bin/sh
cd '{folder}' || exit 1
{{ printf '%s\\037' "${{0##*/}}" "$@"; echo; }} >>calls
before=
for word; do
  case $before in
    --out-link) ln -s '{system}' "$word" ;;
    --add-root) ln -s '{derivation}' "$word" ;;
    --generate-binary-cache-key) name=$word ;;
  esac
  case $word in
    */secret) echo "$name:secret" >"$word" ;;
    */public) echo "$name:public" >"$word" ;;
    ssh-ng://*) host=${{word#ssh-ng://}} && ssh "${{host%%[?]*}}" -x nix-daemon --stdio ;;
  esac
  before=$word
done
for part in answers/*; do
  case "$*" in *"${{part#answers/}}"*) cat "$part"; exit ;; esac
done
case "${{0##*/}} $*" in
  *copy*|*sign*|nix-build*|nix-instantiate*|*--generate-binary-cache-key*|*--realise*) ;;
  *) echo "error: '$3' is not a recognised command" >&2; exit 1 ;;
esac
"""
_SSH = """\
#!/bin/sh
{{ printf '%s\\037' "$@"; echo; }} >>'{folder}/ssh-calls'
"""


@dataclass
class RecordingNix:
    """In `folder`. `answers` are what it prints, by a part of the command line."""

    folder: Path
    answers: dict[str, str] = field(default_factory=dict)
    programs: Sequence[str] = ("nix", "nix-build", "nix-instantiate", "nix-store")

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        names = {"folder": str(self.folder), "system": SYSTEM, "derivation": DERIVATION}
        for name in (*self.programs, "ssh"):
            program = self.folder / name
            program.write_text((_SSH if name == "ssh" else _NIX).format(**names))
            program.chmod(0o755)
        self.answer()

    def answer(self, **more: str) -> None:
        """Print these too."""
        self.answers.update(more)
        (self.folder / "answers").mkdir(exist_ok=True)
        for part, text in self.answers.items():
            (self.folder / "answers" / part).write_text(text)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"}

    @property
    def calls(self) -> list[list[str]]:
        """How it was called, without the paths that are new each time."""
        return _lines(self.folder / "calls")

    @property
    def ssh_calls(self) -> list[list[str]]:
        """How the ssh of PATH was called in the end."""
        return _lines(self.folder / "ssh-calls")


def _lines(file: Path) -> list[list[str]]:
    if not file.exists():
        return []
    return [line.split("\037")[:-1] for line in file.read_text().split("\n") if line]


@dataclass
class ScriptedHosts:
    """Implements `Hosts` as far as it is asked for. `facts` are what a script says, by its name."""

    facts: dict[str, Sequence[str] | Callable[[list[str]], Sequence[str]]]
    asked: list[tuple[str, str, list[str]]] = field(default_factory=list)
    """The machine, the script, and its arguments."""
    commands: list[str] = field(default_factory=list)
    """What was run that is no script."""

    @contextmanager
    def connect(
        self, target: Target | Destination, *, timeout_seconds: float = 15.0
    ) -> Iterator[Host]:
        yield ScriptedHost(self, target.label)

    def reach(self, target: Target | Destination, *, timeout_seconds: float = 15.0) -> float:
        raise HostUnreachable("nobody is asked for that")

    def shown_key(self, target: Target, *, timeout_seconds: float = 15.0) -> str:
        raise HostUnreachable("nobody is asked for that")


@dataclass
class ScriptedHost:
    """One connection."""

    hosts: ScriptedHosts
    place: str

    def run(
        self,
        command: str,
        *,
        stdin: str = "",
        timeout_seconds: float = 30.0,
        check: bool = False,
        heard: Callable[[str], None] | None = None,
    ) -> Completed:
        if not stdin:
            self.hosts.commands.append(command)
            return Completed(exit_code=0, stdout="", stderr="")
        marker, *arguments = shlex.split(command)[3:]
        name = next(name for name in self.hosts.facts if f"\n# {name}.sh MARKER" in stdin)
        self.hosts.asked.append((self.place, name, arguments))
        facts = self.hosts.facts[name]
        lines = facts(arguments) if callable(facts) else facts
        return Completed(
            exit_code=0, stdout="".join(f"{marker} {line}\n" for line in lines), stderr=""
        )

    def put(self, path: str, content: bytes, *, mode: int = 0o600) -> None:
        raise HostUnreachable("nobody is asked for that")

    def keep(
        self, command: str, *, until: str, timeout_seconds: float = 30.0
    ) -> AbstractContextManager[str]:
        raise HostUnreachable("nobody is asked for that")


def store_facts(**more: Sequence[str]) -> Sequence[str]:
    """What store.sh says of a NixOS with room."""
    facts: Mapping[str, Sequence[str]] = {
        "nix": ["/run/current-system/sw/bin/nix"],
        "free_kib": ["9000000"],
        "key": ["cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY="],
        "missing": [SYSTEM],
        **more,
        "end": ["-"],
    }
    return [f"{name} {value}" for name, values in facts.items() for value in values]
