"""What every installation of Capsule tells and does: the fake, and one that install.sh made."""

from collections.abc import Callable
from pathlib import Path

import pytest

from capsule_domain.errors import CommandFailed
from capsule_domain.ports.installation import Installation, Means, Origin
from tests.adapters.test_this_capsule import settled
from tests.fakes.installation import FakeInstallation


def _real(folder: Path) -> Installation:
    return settled(folder / "me").capsule()


def _fake(_: Path) -> Installation:
    fake = FakeInstallation(
        Origin(
            means=Means.SCRIPT,
            version="0.1.0",
            place="/data/venvs/abc",
            source="/check out",
            revision="aaaaaaaaaaaa",
        )
    )
    fake.fails = "false"
    return fake


MAKERS: dict[str, Callable[[Path], Installation]] = {"fake": _fake, "install.sh": _real}


@pytest.fixture(params=MAKERS)
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Installation:
    return MAKERS[request.param](tmp_path)


def test_looking_twice_tells_the_same(installation: Installation) -> None:
    origin = installation.origin()
    assert origin == installation.origin()
    assert (origin.means, origin.version) == (Means.SCRIPT, "0.1.0")
    assert origin.source is not None
    assert origin.revision is not None


def test_what_runs_says_its_version(installation: Installation) -> None:
    assert installation.version() == "0.1.0"


def test_a_command_is_run_and_heard(installation: Installation) -> None:
    heard: list[tuple[float, str]] = []
    installation.run(["echo", "done"], lambda *sign: heard.append(sign))
    assert heard[-1][1] == "done"
    assert heard[-1][0] >= 0


def test_a_command_that_fails_says_which_it_was(installation: Installation) -> None:
    with pytest.raises(CommandFailed, match=r"^false failed") as failed:
        installation.run(["false"], lambda *_: None)
    assert failed.value.hint == "false"
