"""The collector's service in systemd's words, as a unit and as a NixOS module."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from capsule_adapters.nix.literal import nix_block
from capsule_domain.errors import ConfigurationError
from capsule_domain.models.collector_service import ServiceScope

NAME = "capsule-monitor"
UNIT = f"{NAME}.service"
MARK = "# Made by `capsule openmesh monitor install`; made anew, it loses what was changed by hand."

Section = Mapping[str, str]

_DESCRIPTION = "Capsule's collector: looks at the fleet, keeps what it sees, and alerts"
_ALWAYS: Section = {
    "Type": "notify",
    "NotifyAccess": "main",
    "ExecReload": "/bin/sh -c 'kill -HUP \"$MAINPID\"'",
    "WatchdogSec": "300",
    "Restart": "on-failure",
    "RestartSec": "10",
    # A wrong command line, settings that do not hold, another collector: again is no help.
    "RestartPreventExitStatus": "2 3 5",
    "TimeoutStartSec": "120",
    "TimeoutStopSec": "90",
    "UMask": "0077",
}
_FENCED: Section = {
    "NoNewPrivileges": "yes",
    "LockPersonality": "yes",
    "RestrictRealtime": "yes",
    "RestrictSUIDSGID": "yes",
    "RestrictNamespaces": "yes",
    # Netlink is how names are looked up.
    "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    "SystemCallArchitectures": "native",
    "SystemCallFilter": "@system-service",
}
_FENCED_BY_ROOT: Section = {
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    # ~/.ssh is read.
    "ProtectHome": "read-only",
    "PrivateDevices": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectControlGroups": "yes",
    "ProtectClock": "yes",
    "ProtectHostname": "yes",
    "RemoveIPC": "yes",
}
"""What the systemd of a person, who is not root, cannot set up."""


def sections(
    scope: ServiceScope, program: Sequence[str], home: Path, owner: str
) -> Mapping[str, Section]:
    """What the unit says. `program` runs Capsule; `owner` is whose the home is.

    Raises ConfigurationError for a path with a line break or its like in it.
    """
    words = [*program, "--home", str(home), "openmesh", "monitor", "run"]
    service = {"ExecStart": " ".join(map(_quoted, words)), **_ALWAYS, **_FENCED}
    if scope is ServiceScope.USER:
        return {
            "Unit": {"Description": _DESCRIPTION},
            "Service": service,
            "Install": {"WantedBy": "default.target"},
        }
    theirs = {"User": owner, **_FENCED_BY_ROOT, "ReadWritePaths": _quoted(str(home))}
    if not home.is_relative_to("/tmp"):  # noqa: S108  (there it would hide the home itself)
        theirs["PrivateTmp"] = "yes"
    return {
        "Unit": {
            "Description": _DESCRIPTION,
            "Wants": "network-online.target",
            "After": "network-online.target",
        },
        "Service": {**service, **theirs},
        "Install": {"WantedBy": "multi-user.target"},
    }


def unit_text(said: Mapping[str, Section]) -> str:
    """As a unit file."""
    parts = [MARK]
    for name, section in said.items():
        parts += ["", f"[{name}]", *(f"{key}={value}" for key, value in section.items())]
    return "\n".join(parts) + "\n"


def module_text(said: Mapping[str, Section]) -> str:
    """As a NixOS module: the same service, with the programs that it may call in its path."""
    unit = said["Unit"]
    service = {
        "description": unit["Description"],
        "wants": [unit["Wants"]],
        "after": [unit["After"]],
        "wantedBy": [said["Install"]["WantedBy"]],
        "serviceConfig": dict(said["Service"]),
    }
    lines = [
        MARK,
        "{ pkgs, ... }:",
        "{",
        f"  systemd.services.{NAME} = {nix_block(service)} // {{",
        "    path = [ pkgs.bash pkgs.iputils pkgs.openssh ];",
        "  };",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _quoted(word: str) -> str:
    """One word of a command line, or of a list of paths, whatever is in it."""
    if not word.isprintable():
        raise ConfigurationError(
            f"systemd cannot be told of {word!r}", hint="another --home, of plain characters"
        )
    text = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{text}"'
