"""What is written down of the Capsule that runs."""

import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from capsule_adapters.installers.this_capsule import ThisCapsule
from capsule_cli import __file__ as package
from capsule_cli import __version__


def installation(environment: Mapping[str, str]) -> ThisCapsule:
    """This process's own installation."""
    try:
        found = distribution("capsule-xnode")
    except PackageNotFoundError:
        found = None
    files = Path(package).resolve().parents[2]
    return ThisCapsule(Path(sys.prefix), files, __version__, found, environment)
