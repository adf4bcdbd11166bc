"""Update: which way for which installation, and going it."""

import pytest

from capsule_domain.errors import CommandFailed
from capsule_domain.ports.installation import Means, Origin
from capsule_domain.services.update import Update, plan_update
from tests.fakes.installation import FakeInstallation

SCRIPT = Origin(
    means=Means.SCRIPT,
    version="0.1.0",
    place="/home/me/.local/share/capsule/venvs/abc",
    source="/home/me/capsule",
    revision="aaaaaaaaaaaa",
)
PULL = ("git", "-C", "/home/me/capsule", "pull", "--ff-only")
INSTALL = ("/home/me/capsule/install.sh",)


def silent(_seconds: float, _words: str) -> None:
    """Nobody listens."""


def test_what_install_sh_installed_is_pulled_and_installed_again() -> None:
    plan = plan_update(SCRIPT)
    assert plan.automatic
    assert plan.commands == (PULL, INSTALL)


def test_an_editable_installation_stays_one() -> None:
    plan = plan_update(SCRIPT.model_copy(update={"editable": True}))
    assert plan.commands[-1] == (*INSTALL, "--editable")


@pytest.mark.parametrize("revision", [None, "aaaaaaaaaaaa"])
def test_an_obstacle_is_told_and_left_to_the_person(revision: str | None) -> None:
    told = {"obstacle": "the branch follows no other", "revision": revision}
    plan = plan_update(SCRIPT.model_copy(update=told))
    assert not plan.automatic
    assert plan.why == "the branch follows no other"
    assert plan.commands == ((PULL, INSTALL) if revision else (INSTALL,))


@pytest.mark.parametrize(
    ("means", "command"),
    [
        (Means.PLANTED, "capsule plant USER@HOST"),
        (Means.NIX, "nix profile upgrade capsule"),
        (Means.PIPX, "pipx upgrade capsule-xnode"),
        (Means.UV, "uv tool upgrade capsule-xnode"),
        (Means.PIP, "/venv/bin/python -m pip install --upgrade capsule-xnode"),
    ],
)
def test_what_others_installed_is_left_to_them(means: Means, command: str) -> None:
    plan = plan_update(Origin(means=means, version="0.1.0", place="/venv"))
    assert not plan.automatic
    assert [" ".join(words) for words in plan.commands] == [command]
    assert plan.why


def test_every_means_has_its_way() -> None:
    for means in Means:
        assert plan_update(Origin(means=means, version="1", place="/venv")).why


def test_an_update_runs_both_commands_and_looks_what_runs_then() -> None:
    newer = SCRIPT.model_copy(update={"version": "0.2.0", "revision": "bbbbbbbbbbbb"})
    installation = FakeInstallation(SCRIPT, brings=newer)
    service = Update(installation)
    done = service.run(service.plan(), silent)
    assert installation.ran == [PULL, INSTALL]
    assert done.changed
    assert (done.version_before, done.version_after) == ("0.1.0", "0.2.0")
    assert (done.revision_before, done.revision_after) == ("aaaaaaaaaaaa", "bbbbbbbbbbbb")


def test_an_update_without_news_says_so() -> None:
    service = Update(FakeInstallation(SCRIPT))
    assert not service.run(service.plan(), silent).changed


def test_nothing_is_installed_after_a_pull_that_failed() -> None:
    installation = FakeInstallation(SCRIPT)
    installation.fails = "git"
    service = Update(installation)
    with pytest.raises(CommandFailed):
        service.run(service.plan(), silent)
    assert installation.ran == []
