"""The `MachineSurveys` port by a shell script over SSH."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from capsule_adapters.installers.script import Answer, ask
from capsule_domain.errors import CommandFailed
from capsule_domain.models.live_system import SshSession
from capsule_domain.models.machine_survey import DiskFacts, MachineSurvey
from capsule_domain.ports.host import Destination, Hosts, Target

SURVEY_SECONDS = 60.0
# What says most of the hardware comes first; a World Wide Name says nothing to people.
_KINDS = ("nvme-", "ata-", "scsi-", "virtio-", "google-", "usb-", "wwn-")
_NO_DISK = re.compile(r"(loop|ram|zram|sr|fd|nbd)\d+")
_TEXTS = ("hostname", "user", "kernel", "architecture", "boot_id")
_MAYBE = ("container", "lockdown", "gateway")


@dataclass(frozen=True)
class SshMachineSurveys:
    """Implements `MachineSurveys`. `root` stands before what is read there, for tests."""

    hosts: Hosts
    root: str = ""

    def look(self, machine: Target | Destination) -> MachineSurvey:
        """One run of survey.sh."""
        with self.hosts.connect(machine) as host:
            answer = ask(host, "survey", self.root, timeout_seconds=SURVEY_SECONDS)
        return read_survey(answer, machine.label)


def read_survey(answer: Answer, place: str) -> MachineSurvey:
    """Raises CommandFailed when the script did not come to its end or said nonsense."""
    if answer.one("end") is None:
        raise CommandFailed(
            f"{place} does not tell what it is: {answer.last_words}",
            hint="does a POSIX shell run there?",
        )
    try:
        return _survey(answer)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CommandFailed(f"{place} says of itself what cannot be") from error


def _survey(answer: Answer) -> MachineSurvey:
    return MachineSurvey.model_validate(
        {
            **{name: answer.one(name) or "" for name in (*_TEXTS, "distribution", "vendor")},
            **{name: answer.one(name) for name in _MAYBE},
            "sudo": answer.one("sudo"),
            "system": answer.one("system") or "linux",
            "is_installer": answer.one("variant") == "installer",
            "memory_mib": answer.one("memory_mib"),
            "firmware": answer.one("firmware"),
            "secure_boot": answer.one("secure_boot") == "yes",
            "kexec_disabled": answer.one("kexec_disabled") == "1",
            "programs": tuple(answer.every("program")),
            "ipv4": answer.one("ipv4") == "yes",
            "ipv6": answer.one("ipv6") == "yes",
            "session": _session(answer),
            "authorized_keys": answer.one("authorized_keys") or 0,
            "host_keys": tuple(answer.every("host_key")),
            "disks": tuple(_disks(answer)),
        }
    )


def _session(answer: Answer) -> SshSession:
    client, _, server, port = (answer.one("connection") or "").split()
    pairs = (line.split() for line in answer.every("address"))
    by_address = {address.partition("/")[0]: interface for interface, address in pairs}
    return SshSession(
        client_address=client,
        server_address=server,
        server_port=int(port),
        interface=by_address.get(server.partition("%")[0]),
    )


def _disks(answer: Answer) -> Iterator[DiskFacts]:
    told = json.loads(answer.one("disks") or "{}").get("blockdevices", [])
    root = re.sub(r"\[.*\]$", "", answer.one("root") or "").rpartition("/")[2]
    names: dict[str, list[str]] = {}
    for line in answer.every("name"):
        own, _, kernel = line.partition(" ")
        names.setdefault(kernel, []).append(own)
    for one in told:
        if one["type"] == "disk" and not _NO_DISK.fullmatch(one["name"]):
            yield _disk(one, root, names.get(one["name"], []))


def _disk(told: Mapping[str, Any], root: str, ids: Sequence[str]) -> DiskFacts:
    parts = list(_within(told))
    mounts = [part["mountpoint"] for part in parts if part.get("mountpoint")]
    return DiskFacts(
        name=told["name"],
        size_bytes=int(told["size"] or 0),
        model=(told.get("model") or "").strip() or None,
        serial=(told.get("serial") or "").strip() or None,
        ids=tuple(sorted(ids, key=_kind)),
        mounts=tuple(sorted(set(mounts))),
        holds_root="/" in mounts or root in [part["name"] for part in parts],
        writable=str(told.get("ro", "0")).lower() in ("0", "false"),
    )


def _within(told: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The disk, and all that is made of it: partitions, volumes, arrays."""
    yield told
    for child in told.get("children", []):
        yield from _within(child)


def _kind(name: str) -> tuple[int, int, str]:
    """A short name of the best kind first."""
    kinds = [number for number, kind in enumerate(_KINDS) if name.startswith(kind)]
    return kinds[0] if kinds else len(_KINDS), len(name), name
