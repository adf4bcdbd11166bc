"""The log: for its owner alone, and without secrets."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from capsule_cli import log
from tests.cli.running import capsule

SENTINEL = "sentinel-7f3a9c51d0"


@pytest.fixture(autouse=True)
def closed_after() -> Iterator[None]:
    yield
    log.stop()


def logged(home: Path) -> str:
    return (home / "logs" / "capsule.log").read_text()


@pytest.mark.parametrize(
    "message",
    [
        f"key {SENTINEL} it is",
        f"Authorization: Bearer {SENTINEL}xyz",
        f"X-Auth-Token: {SENTINEL}",
        f"-----BEGIN OPENSSH PRIVATE KEY-----\n{SENTINEL}\n-----END OPENSSH PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{SENTINEL}",
    ],
)
def test_secrets_are_struck_out(tmp_path: Path, message: str) -> None:
    log.start(tmp_path, {"DIGITALOCEAN_API_KEY": SENTINEL}, verbose=False, debug=True)
    logging.getLogger("capsule").info("%s", message)
    assert SENTINEL not in logged(tmp_path)
    assert "***" in logged(tmp_path)


def test_a_secret_in_a_traceback_is_struck_out(tmp_path: Path) -> None:
    log.start(tmp_path, {"X_TOKEN": SENTINEL}, verbose=False, debug=False)
    logging.getLogger("capsule").info("a bug", exc_info=ValueError(SENTINEL))
    assert "ValueError" in logged(tmp_path)
    assert SENTINEL not in logged(tmp_path)


def test_the_log_is_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    log.start(home, {}, verbose=False, debug=False)
    logging.getLogger("capsule").info("hello")
    assert home.stat().st_mode & 0o777 == 0o700
    assert (home / "logs").stat().st_mode & 0o777 == 0o700
    assert (home / "logs" / "capsule.log").stat().st_mode & 0o777 == 0o600


def test_a_full_log_is_rotated_into_files_of_the_same_mode(tmp_path: Path) -> None:
    log.start(tmp_path, {}, verbose=False, debug=False)
    for _ in range(30):
        logging.getLogger("capsule").info("x" * 100_000)
    files = sorted((tmp_path / "logs").iterdir())
    assert 1 < len(files) <= 4
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way")
    assert capsule("stacks", home=tmp_path).code == 0


def test_levels_follow_the_options(tmp_path: Path) -> None:
    assert capsule("stacks", home=tmp_path / "plain").stderr == ""
    assert "INFO" in capsule("stacks", "-v", home=tmp_path / "verbose").stderr
    assert "capsule --home" in logged(tmp_path / "plain")


def test_every_command_line_and_every_error_is_noted(tmp_path: Path) -> None:
    capsule("add", "dokcer", home=tmp_path)
    text = logged(tmp_path)
    assert "add dokcer" in text
    assert "NotFound: no stack named 'dokcer'" in text
