"""Nix: is it there, is it new enough, can its store be written?"""

import os
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from capsule_domain.models.diagnosis import Diagnosis, error, ok, skipped, warning
from capsule_domain.ports.nix_tool import NixTool

_LEAST, _RECOMMENDED = (2, 4), (2, 18)
_NUMBERS = re.compile(r"(\d+)\.(\d+)")
_ANSWER_SECONDS = 3.0


def nix(tool: NixTool) -> Iterator[Diagnosis]:
    """The program and its version. Experimental features are passed along with each call."""
    version = tool.version()
    numbers = _NUMBERS.match(version) if version else None
    if version is None:
        yield warning("nix", "Nix is not installed", hint="capsule bootstrap")
    elif numbers is None:
        yield warning("nix", f"Nix says an odd version: {version[:40]}", hint="nix --version")
    elif (found := (int(numbers[1]), int(numbers[2]))) < _LEAST:
        yield error("nix", f"Nix {version} is too old: 2.4 has flakes", hint="nix upgrade-nix")
    elif found < _RECOMMENDED:
        hint = "newer ones lock and build faster: nix upgrade-nix"
        yield warning("nix", f"Nix {version} works; 2.18 or newer is recommended", hint=hint)
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
