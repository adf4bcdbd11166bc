"""The suite for real accounts, held against a rehearsed one: what nobody ran is not there."""

import os
import subprocess
import sys

import pytest

from capsule_adapters.sandbox.digitalocean import DigitalOceanSimulator, Temper
from capsule_adapters.sandbox.machines import NoMachines
from tests.tools import ROOT

QUICK = Temper(boot_seconds=0.2)


def run_live(cloud: DigitalOceanSimulator, spend: str) -> subprocess.CompletedProcess[str]:
    """`pytest tests/live` of a person whose only account is the rehearsed one."""
    environment = {
        "PATH": os.environ["PATH"],
        "DIGITALOCEAN_API_KEY": cloud.token,
        "CAPSULE_DIGITALOCEAN_ENDPOINT": cloud.url,
    }
    options = ["--live", "--live-spend", spend, "-q", "-p", "no:cacheprovider", "-rs"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "tests/live", *options],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_server_is_rented_and_ended_within_the_cap() -> None:
    with DigitalOceanSimulator(NoMachines(), temper=QUICK) as cloud:
        ended = run_live(cloud, "1")
        posts = [e for e in cloud.exchanges if e.request.method == "POST"]
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "4 passed" in ended.stdout
    assert [e.request.path for e in posts if e.request.path == "/v2/droplets"]
    assert not cloud.state.droplets


def test_nothing_is_rented_above_the_cap() -> None:
    with DigitalOceanSimulator(NoMachines(), temper=QUICK) as cloud:
        ended = run_live(cloud, "0.001")
        rented = [e for e in cloud.exchanges if e.request.method == "POST"]
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "3 passed, 1 skipped" in ended.stdout
    assert rented == []


def test_without_the_word_nothing_of_it_is_collected() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/live", "-q", "-p", "no:cacheprovider"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == pytest.ExitCode.NO_TESTS_COLLECTED
    assert "no tests" in done.stdout
