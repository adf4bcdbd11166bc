"""The key of a cloud is in nothing that commands print, log or keep, whatever the cloud does."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from capsule_adapters.providers import PROVIDERS
from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.api import CloudApi
from capsule_adapters.sandbox.clouds import rehearsed
from capsule_adapters.sandbox.machines import NoMachines
from tests.cli.running import capsule

SENTINEL = "SENTINEL7F3A9C2E51D84B60A1B2C3D4"


QUOTING = (
    faults.status(401, f"the key {SENTINEL} is not known"),
    faults.status(403, f"{SENTINEL} may not do that"),
    faults.status(422, f"{SENTINEL} is not what we understand"),
    faults.redirect(f"https://{SENTINEL}.example/?key={SENTINEL}"),
)
"""What a cloud does not wish to be asked again."""


@contextmanager
def cloud_with_the_key(name: str, folder: Path) -> Iterator[CloudApi]:
    """A rehearsal cloud that takes the sentinel for a key."""
    with rehearsed()[name](
        NoMachines(), state_file=folder / "account.json", token=SENTINEL
    ) as cloud:
        yield cloud


@pytest.fixture(params=sorted(rehearsed()))
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def cloud(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudApi]:
    entry = PROVIDERS[name]
    with cloud_with_the_key(name, tmp_path) as running:
        for variable in entry.key_variables:
            monkeypatch.setenv(variable, SENTINEL)
        monkeypatch.setenv(entry.endpoint_variable, running.endpoint)
        yield running


def test_no_key_is_in_anything_that_commands_write(
    cloud: CloudApi, tmp_path: Path, name: str, pytestconfig: pytest.Config
) -> None:
    quoting = QUOTING if name != "aws" or pytestconfig.getoption("--full") else QUOTING[:1]
    home = tmp_path / "capsule"
    written: list[str] = []
    for fault in (None, *quoting):
        for arguments in _commands(name, failing=fault is not None):
            if fault is not None:
                cloud.faults.add(fault, times=999)
            ran = capsule(*arguments, home=home)
            cloud.faults.clear()
            assert ran.code != 1, ran.stderr
            written += [ran.stdout, ran.stderr]
    asked = len(cloud.exchanges)
    files = {path: path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file()}
    assert asked > len(quoting)
    assert any("GET" in text or "DescribeRegions" in text for text in written)
    assert home / "logs" / "capsule.log" in files
    for secret in (SENTINEL, SENTINEL.lower()):
        assert secret not in "\n".join(written)
        assert [path for path, content in files.items() if secret.encode() in content] == []


def _commands(name: str, *, failing: bool) -> tuple[tuple[str, ...], ...]:
    """Those that ask the cloud, with everything that --debug tells."""
    check = ("openmesh", "provider", "check", name, "--debug")
    templates = ("openmesh", "templates", "--provider", name, "--live", "--debug")
    deploy = ("openmesh", "deploy", "--provider", name, "--name", "web-1", "--force", "--yes")
    if failing:
        return check, templates, (*deploy, "--debug", "--json")
    seldom = (("openmesh", "providers", "--detailed"), ("doctor", "--debug"))
    return check, templates, (*deploy, "--dry-run"), *seldom
