"""Nix stores, asked where they are by short scripts: on a machine, or here."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from capsule_adapters.installers.script import Answer, ask
from capsule_adapters.nix.complaint import failure
from capsule_domain.errors import CommandFailed, NixFailed, ToolMissing
from capsule_domain.ports.host import Host

Heard = Callable[[str], None] | None

PACKAGE = "capsule_adapters.nix.building"
LOOK_SECONDS = 300.0
BUILD_SECONDS = 12 * 3600.0
_LOG = re.compile(r"nix log /[^\s'`]+")
_NO_NIX = "there is no nix program"


@dataclass(frozen=True)
class StoreFacts:
    """A machine's Nix. `free_bytes` below its store, None when it does not tell; `missing` are
    those paths of a question that it lacks.
    """

    nix: str
    free_bytes: int | None
    keys: Sequence[str]
    systems: Sequence[str]
    missing: Sequence[str]


@dataclass(frozen=True)
class Closure:
    """A system and all that it needs: sizes in bytes, by store path.

    `kernel` is the kernel's release, `databases` the names of PostgreSQL's packages that its
    service is made of.
    """

    system: str
    sizes: Mapping[str, int] = field(default_factory=dict)
    kernel: str | None = None
    databases: Sequence[str] = ()


def look(host: Host, place: str, paths: Sequence[str] = ()) -> StoreFacts:
    """What the Nix there is, and which of `paths` it lacks. Raises ToolMissing, HostError."""
    answer = _asked(host, place, "store", lines=paths)
    nix, free = answer.one("nix"), answer.one("free_kib")
    if nix is None:
        raise _nonsense(place, answer)
    return StoreFacts(
        nix=nix,
        free_bytes=int(free) * 1024 if free and free.isdecimal() else None,
        keys=answer.every("key"),
        systems=answer.every("system"),
        missing=answer.every("missing"),
    )


def closures(host: Host, place: str, *systems: str) -> Sequence[Closure | None]:
    """Of each system; None for one that is not in the store. One round trip."""
    answer = _asked(host, place, "closure", *systems)
    absent = set(answer.every("absent"))
    found = [_closure(answer, number, system) for number, system in enumerate(systems)]
    if any(not one.sizes and one.system not in absent for one in found):
        raise _nonsense(place, answer)
    return [None if one.system in absent else one for one in found]


def realise(host: Host, place: str, path: str, name: str, *, heard: Heard = None) -> str:
    """Build a derivation there, or keep what is there already; the store path it comes to.

    What `name` named before is kept no longer. Raises NixFailed, HostError.
    """
    return _made(host, place, "realise", path, name, heard=heard)


def build(host: Host, place: str, room: str, name: str, *, heard: Heard = None) -> str:
    """Build what `room` there asks for; kept as `realise` does. Raises NixFailed, HostError."""
    return _made(host, place, "build", room, name, heard=heard)


def _made(host: Host, place: str, script: str, *arguments: str, heard: Heard) -> str:
    answer = ask(
        host, script, *arguments, timeout_seconds=BUILD_SECONDS, heard=heard, package=PACKAGE
    )
    path = answer.one("store_path")
    if answer.exit_code == 0 and path is not None:
        return path
    said = [line for line in answer.complaints if not line.endswith("stands above")]
    error = failure(f"cannot build the system on {place}", answer.exit_code, said)
    log = next((found[0] for line in said if (found := _LOG.search(line))), None)
    # Whatever it is, it is wrong there: what could be done here about it helps nobody.
    raise NixFailed(error.message, lines=said, hint=log and f"there: {log}")


def _asked(host: Host, place: str, name: str, *arguments: str, lines: Sequence[str] = ()) -> Answer:
    answer = ask(host, name, *arguments, timeout_seconds=LOOK_SECONDS, package=PACKAGE, lines=lines)
    if answer.last_words == _NO_NIX:
        raise ToolMissing(f"Nix on {place}", hint="capsule bootstrap --remote user@host")
    if answer.exit_code != 0 or answer.one("end") is None:
        raise CommandFailed(f"the store of {place} cannot be read: {answer.last_words}")
    return answer


def _closure(answer: Answer, number: int, system: str) -> Closure:
    sizes = {}
    for size, path in (line.split(" ", 1) for line in _of(answer, "path", number) if " " in line):
        if size.isdecimal():
            sizes[path] = int(size)
    return Closure(
        system=system,
        sizes=sizes,
        kernel=next(reversed(_of(answer, "kernel", number)), None),
        databases=_of(answer, "database", number),
    )


def _of(answer: Answer, name: str, number: int) -> Sequence[str]:
    """The facts of that name that are about the system of that number."""
    told = (value.partition(" ") for value in answer.every(name))
    return [rest for about, _, rest in told if about == str(number)]


def _nonsense(place: str, answer: Answer) -> CommandFailed:
    why = f": {answer.last_words}" if answer.complaints else ""
    return CommandFailed(f"the store of {place} says what cannot be read{why}")
