"""What tests need from the machine: a missing tool skips, and with CI=true it fails."""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


def needs_tool(name: str) -> str:
    """The path of a program. Without it the test skips; with CI=true it fails."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found:
        return found
    line = f"missing tool: {name} is not installed"
    if os.environ.get("CI") == "true":
        pytest.fail(line)
    pytest.skip(line)


def shared_file(path: str) -> Path:
    """A reference file beside the repository. Absent: skip, or fail when it is required."""
    found = SHARED / path
    if found.is_file():
        return found
    line = f"missing reference: shared/{path} is not beside the repository"
    if os.environ.get("CAPSULE_REQUIRE_SHARED") == "1":
        pytest.fail(line)
    pytest.skip(line)
