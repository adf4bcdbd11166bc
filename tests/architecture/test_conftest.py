"""The ground that every test stands on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools import ROOT

SUITE = """
import os
from pathlib import Path

import pytest
from tests.tools import needs_tool

def test_a_tool_is_missing():
    needs_tool("no-such-program")

def test_another_tool_is_missing():
    needs_tool("no-such-program")

def test_skipped_by_choice():
    pytest.skip("not on Tuesdays")

@pytest.mark.full
def test_the_long_form():
    assert os.environ["HOME"] != "/the/person"

@pytest.mark.live
def test_a_real_account():
    assert os.environ["VULTR_API_KEY"] == "sentinel-key"

def test_the_home_is_empty_and_nobody_else_s():
    assert Path.home() != Path("/the/person")
    assert list(Path.home().iterdir()) == []
    assert Path(os.environ["CAPSULE_HOME"]).parent == Path.home()

def test_nothing_of_the_person_is_seen(request):
    for name in ("CAPSULE_SANDBOX", "SSH_AUTH_SOCK", "https_proxy"):
        assert name not in os.environ
    assert request.config.getoption("--live") or "VULTR_API_KEY" not in os.environ
"""

PERSON = {
    "HOME": "/the/person",
    "CAPSULE_HOME": "/the/person/.capsule",
    "CAPSULE_SANDBOX": "1",
    "SSH_AUTH_SOCK": "/the/person/agent",
    "VULTR_API_KEY": "sentinel-key",
    "https_proxy": "http://192.0.2.1:3128",
}


def run_suite(folder: Path, *options: str, ci: bool = False) -> subprocess.CompletedProcess[str]:
    """A pytest of its own over `SUITE`, on our conftest, as a person with a full environment."""
    (folder / "test_suite.py").write_text(SUITE, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n  full: x\n  live: x\n")
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    environment |= PERSON | {"PYTHONPATH": str(ROOT)} | ({"CI": "true"} if ci else {})
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, "-c", "pytest.ini", *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_missing_tools_are_counted_aloud_and_choices_are_not(tmp_path: Path) -> None:
    ended = run_suite(tmp_path)
    assert ended.returncode == 0, ended.stdout
    assert "2 tests could not run here" in ended.stdout
    assert "2 × missing tool: no-such-program is not installed" in ended.stdout
    assert "2 passed, 5 skipped" in ended.stdout


def test_full_and_live_run_what_is_skipped_otherwise(tmp_path: Path) -> None:
    ended = run_suite(tmp_path, "--full", "--live", "--live-spend", "0")
    assert ended.returncode == 0, ended.stdout
    assert "4 passed, 3 skipped" in ended.stdout


@pytest.mark.parametrize(
    "options",
    [(), ("--live-spend", "-1"), ("--live-spend", "NaN"), ("--live-spend", "1", "-n", "2")],
)
def test_real_accounts_are_not_asked_without_a_cap(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    ended = run_suite(tmp_path, "--live", *options)
    assert ended.returncode == 4
    assert "--live" in ended.stderr


def test_a_missing_tool_fails_in_ci(tmp_path: Path) -> None:
    ended = run_suite(tmp_path, ci=True)
    assert ended.returncode == 1
    assert "2 failed, 2 passed" in ended.stdout
