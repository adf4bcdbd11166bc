"""Nix: is it there, is it new enough, can its store be written?"""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from capsule_domain.models.diagnosis import Diagnosis, error, ok, skipped, warning
from capsule_domain.ports.nix_tool import NixTool
from capsule_domain.services.nix_version import (
    OLDEST_NIX,
    RECOMMENDED_NIX,
    dotted,
    is_old,
    is_too_old,
)

_ANSWER_SECONDS = 3.0


def nix(tool: NixTool) -> Iterator[Diagnosis]:
    """The program and its version. Experimental features are passed along with each call."""
    version = tool.version()
    if version is None:
        yield warning("nix", "Nix is not installed", hint="capsule bootstrap")
    elif is_too_old(version):
        least = f"Nix {version} is too old: {dotted(OLDEST_NIX)} or newer is needed"
        yield error("nix", least, hint="nix upgrade-nix, or capsule bootstrap")
    elif is_old(version):
        better = f"Nix {version} works; {dotted(RECOMMENDED_NIX)} or newer is recommended"
        yield warning("nix", better, hint="newer ones lock and build faster: nix upgrade-nix")
    else:
        yield ok("nix", f"Nix {version}; needs no setting of yours")


def nix_store(tool: NixTool, environment: Mapping[str, str]) -> Iterator[Diagnosis]:
    """Whether something can be installed: by this user, or through the daemon."""
    if tool.version() is None:
        yield skipped("nix-store", "no store without Nix")
        return
    store = Path(environment.get("NIX_STORE_DIR") or "/nix/store")
    state = Path(environment.get("NIX_STATE_DIR") or "/nix/var/nix")
    if not store.is_dir():
        yield error("nix-store", f"{store} is not there", hint="capsule bootstrap")
    elif os.access(store, os.W_OK) and environment.get("NIX_REMOTE") != "daemon":
        yield ok("nix-store", f"{store} is written by this user, without a daemon")
    elif _answers(state / "daemon-socket" / "socket"):
        yield ok("nix-store", f"{store} is written by the daemon, which answers")
    else:
        yield error(
            "nix-store",
            f"{store} cannot be written by this user, and Nix's daemon does not answer",
            hint="sudo systemctl start nix-daemon.socket, or capsule bootstrap",
        )


def _answers(path: Path) -> bool:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as daemon:
        daemon.settimeout(_ANSWER_SECONDS)
        try:
            daemon.connect(str(path))
        except OSError:
            return False
    return True
