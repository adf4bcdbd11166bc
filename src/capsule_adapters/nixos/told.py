"""From what the scripts say to what is known: strictly, as nothing may be guessed of a machine."""

import ipaddress
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import ValidationError

from capsule_adapters.installers.script import Answer
from capsule_domain.errors import CommandFailed
from capsule_domain.models.generation import Generation
from capsule_domain.models.live_system import LiveSystem, SshSession
from capsule_domain.models.switch import SwitchReport

SYSTEM = re.compile(r"/nix/store/[0-9a-z]{32}-[0-9A-Za-z+._?=-]+")
"""The path of a system, and nothing else."""
_REPORTED = ("state", "old", "new", "seconds_left", "running", "generation")
_LIVE = (
    *("hostname", "user", "sudo", "running", "booted"),
    *("nixos_version", "running_kernel", "system_state"),
)
_LIVE_MAYBE = ("generation", "state_version", "boot_loader", "root_uuid", "free_boot_mib")
_YES_OR_NO = {"yes": True, "no": False, None: None}


def live_system(answer: Answer, place: str) -> LiveSystem:
    """From look.sh. Raises CommandFailed for what cannot be."""
    try:
        return LiveSystem.model_validate(
            {
                **{name: answer.one(name) or "" for name in _LIVE},
                **{name: answer.one(name) for name in _LIVE_MAYBE},
                "running": _system(answer.one("running")),
                "booted": _system(answer.one("booted")),
                "profile": _profile(answer),
                "system": f"{answer.one('machine')}-linux",
                "inhibitors": json.loads(answer.one("inhibitors") or "{}"),
                "busy": tuple(answer.every("busy")),
                "trusted_by_store": _YES_OR_NO.get(answer.one("trusted")),
                "user_declared": _YES_OR_NO.get(answer.one("user_declared")),
                "session": _session(answer),
                "gateway": _gateway(answer),
            }
        )
    except ValueError as error:  # pydantic's ValidationError is one
        raise nonsense(place, error) from error


def generations(answer: Answer, place: str) -> Sequence[Generation]:
    """From generations.sh, by number. Raises CommandFailed for what cannot be."""
    try:
        found = [_generation(line, answer) for line in answer.every("generation")]
    except ValueError as error:
        raise nonsense(place, error) from error
    return sorted(found, key=lambda one: one.generation)


def report(answer: Answer, place: str) -> SwitchReport:
    """From follow.sh. Raises CommandFailed for what cannot be."""
    try:
        return SwitchReport.model_validate(
            {
                "id": answer.one("switch"),
                **{name: answer.one(name) for name in _REPORTED},
                "reason": _shown(answer.one("reason") or "") or None,
                "profile": _profile(answer),
                "is_watched": answer.one("watched") == "yes",
                "same_boot": answer.one("same_boot") == "yes",
                "failed_units": tuple(answer.every("failed_unit")),
                "log": tuple(map(_shown, answer.every("log"))),
            }
        )
    except ValueError as error:
        raise nonsense(place, error) from error


def nonsense(place: str, error: ValueError) -> CommandFailed:
    """It came to its end, and said what cannot be. What it said is not repeated."""
    fields = (
        sorted({str(one["loc"][0]) for one in error.errors() if one["loc"]})
        if isinstance(error, ValidationError)
        else []
    )
    where = f": {', '.join(fields)}" if fields else ""
    return CommandFailed(f"{place} says of itself what cannot be{where}")


def _shown(line: str) -> str:
    """What programs said there, fit for a screen here."""
    return "".join(c for c in line if c.isprintable())


def _generation(line: str, answer: Answer) -> Generation:
    """NUMBER, TIME, PATH, VERSION, KERNEL, REVISION, SPECIALISATIONS, apart by tabs."""
    fields = [*line.split("\t"), "", "", ""][:7]
    if len(fields) != 7:
        raise ValueError(line)
    number, time, path, version, kernel, revision, specialisations = fields
    return Generation(
        generation=int(number),
        date=_moment(time),
        current=number == answer.one("profile_generation"),
        store_path=_system(path),
        nixos_version=version or None,
        kernel_version=kernel or None,
        configuration_revision=revision or None,
        specialisations=tuple(filter(None, specialisations.split("/"))),
        running=path == answer.one("running"),
        booted=path == answer.one("booted"),
    )


def _system(path: str | None) -> str:
    """A store path. Raises ValueError for another."""
    if path is None or not SYSTEM.fullmatch(path):
        raise ValueError("no store path")
    return path


def _profile(answer: Answer) -> str | None:
    """None where the profile leads nowhere."""
    path = answer.one("profile")
    return path if path and SYSTEM.fullmatch(path) else None


def _moment(seconds: str | None) -> datetime:
    """Raises ValueError for what is no number, and no time."""
    try:
        return datetime.fromtimestamp(int(seconds or ""), UTC)
    except (OverflowError, OSError) as error:
        raise ValueError("no time") from error


# -- its network ----------------------------------------------------------------------------


def _gateway(answer: Answer) -> str | None:
    """Of the default route; none for one that needs no gateway."""
    if number := answer.one("route4"):
        gateway = ipaddress.ip_address(bytes.fromhex(number)[::-1])
    elif number := answer.one("route6"):
        gateway = ipaddress.ip_address(bytes.fromhex(number))
    else:
        return None
    return None if gateway.is_unspecified else str(gateway)


def _session(answer: Answer) -> SshSession | None:
    connection = (answer.one("connection") or "").split()
    if not connection:
        return None
    client, _, server, port = connection
    told = [line.partition(" ")[::2] for line in answer.every("address")]
    here = {str(ipaddress.ip_interface(address).ip): name for name, address in told}
    return SshSession(
        client_address=client,
        server_address=server,
        server_port=int(port),
        interface=here.get(server),
        key_fingerprint=answer.one("key_fingerprint"),
    )
