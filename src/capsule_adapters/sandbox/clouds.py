"""The clouds that can be rehearsed here: for each of the registry the folder of its name."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from capsule_adapters.providers import PROVIDERS
from capsule_adapters.sandbox.api import CloudApi
from capsule_adapters.sandbox.aws.engine import is_installed
from capsule_adapters.sandbox.machines import Machines


class Rehearse(Protocol):
    """Makes one cloud, over machines that it may share with others.

    `state_file`: where its account is kept; raises OSError and ValueError when that cannot
    be read. `token`: the key that it takes.
    """

    def __call__(
        self, machines: Machines, *, state_file: Path | None = None, token: str | None = None
    ) -> CloudApi: ...


def rehearsed() -> Mapping[str, Rehearse]:
    """By the cloud's name. AWS only where moto is: it comes with the extra `sandbox`."""
    missing = () if is_installed() else ("aws",)
    return {name: _simulator(name) for name in PROVIDERS if name not in missing}


def _simulator(name: str) -> Rehearse:
    """What the package `sandbox/<name>` calls `Simulator`."""
    package = import_module(f"capsule_adapters.sandbox.{name}")
    return cast("Rehearse", package.Simulator)
