"""The lock: everything pinned, everything hashed, and no word on where it comes from."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.tools import ROOT, needs_tool

LOCKS = {
    "dev.lock": ("sandbox", "dev"),
    "runtime.lock": ("sandbox",),
}
"""Each lock, and the extras it stands for beyond the dependencies."""


def pins(lock: str) -> dict[str, Version]:
    """The versions a lock pins, by canonical name."""
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    found = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", text, re.MULTILINE)
    return {canonicalize_name(name): Version(version) for name, version in found}


def declared(extras: tuple[str, ...]) -> list[Requirement]:
    """What pyproject.toml asks for, and what building the project needs."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = document["project"]
    lines = [*project["dependencies"], *document["build-system"]["requires"]]
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_satisfies_what_the_project_asks_for(lock: str) -> None:
    locked = pins(lock)
    for wanted in declared(LOCKS[lock]):
        assert canonicalize_name(wanted.name) in locked, f"{wanted} is not in {lock}"
        version = locked[canonicalize_name(wanted.name)]
        assert wanted.specifier.contains(version), f"{lock} has {wanted.name} {version}"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_entry_has_a_version_and_hashes(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    entries = re.split(r"\n(?=\S)", "\n".join(lines))
    assert len(entries) > 10
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+==\S+( ; .+)? \\\n    --hash=sha256:", entry), entry


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    options = re.findall(r"^\s*--(?!hash=)\S+", text, re.MULTILINE)
    assert (options, re.findall(r"\S*(?://|@ )\S*", text)) == ([], [])


def test_both_locks_agree() -> None:
    everything = pins("dev.lock")
    assert pins("runtime.lock").items() <= everything.items()


@pytest.mark.parametrize(
    "script", ["install.sh", "check.sh", "scripts/lock.sh", ".ci/run"], ids=Path
)
def test_a_shell_script_holds_before_the_linter(script: str) -> None:
    checked = subprocess.run(
        [needs_tool("shellcheck"), ROOT / script], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
