"""Several xNodes at once, falling over, a wrong clock: `capsule` as a process, at the rehearsal."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from capsule_domain.models.deployment import DeploymentState
from tests.cli.running import Ran
from tests.killing.matrix import Ground, Home
from tests.killing.proxy import Proxy

RENTING = "POST /v2/droplets"
REFUSALS = {
    "web-3": (403, "forbidden", "you are not allowed to do that here"),
    "full": (422, "unprocessable_entity", "Size is not available in this region."),
}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """One sandbox for all of this file."""
    ground = Ground("digitalocean", tmp_path_factory.mktemp("rehearsal"))
    yield ground
    ground.close()


@pytest.fixture
def home(ground: Ground) -> Iterator[Home]:
    home = ground.home()
    home.lead_to(ground.announcement, ground.cloud, ground.endpoint)
    yield home
    if home.wired().inventory().count():
        home.capsule("openmesh", "xnode", "terminate", "--all")


def said_by(home: Path, *words: str) -> Ran:
    """One command line as a process of its own, with everything answered by yes."""
    done = subprocess.run(
        [sys.executable, "-m", "capsule_cli", "--sandbox", "--home", str(home), "--yes", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def through(ground: Ground, home: Home, proxy: Proxy, *words: str) -> Ran:
    """One command line, whose requests go through the proxy."""
    with proxy:
        home.lead_to(ground.announcement, ground.cloud, proxy.endpoint)
        ran = said_by(home.folder, *words)
    home.lead_to(ground.announcement, ground.cloud, ground.endpoint)
    return ran


def refused(kind: str) -> tuple[int, bytes]:
    status, code, message = REFUSALS[kind]
    return status, json.dumps({"id": code, "message": message}).encode()


def test_of_four_spread_over_regions_one_is_refused_and_the_others_are_kept(
    ground: Ground, home: Home
) -> None:
    def instead(what: str, body: bytes) -> tuple[int, bytes] | None:
        return refused("web-3") if what == RENTING and b'"web-3"' in body else None

    words = ("openmesh", "deploy", "--name", "web", "--count", "4", "--spread", "regions", "--json")
    done = through(ground, home, Proxy(ground.endpoint, instead=instead), *words)
    rows: list[dict[str, Any]] = done.data
    assert {row["name"]: row["error"] and row["error"]["exit"] for row in rows} == {
        **dict.fromkeys(("web-1", "web-2", "web-4")),
        "web-3": done.code,
    }
    [why] = [row["error"] for row in rows if row["error"]]
    assert "not allowed to do that here" in why["message"]
    assert len({row["xnode"]["region"] for row in rows if row["xnode"]}) == 3
    wiring = home.wired()
    kept = {x.name: x.status for x in wiring.inventory().list()}
    states = {d.name: d.state for d in wiring.journal().list()}
    wiring.close()
    assert set(kept.values()) == {"running"}
    assert sorted(kept) == ["web-1", "web-2", "web-4"]
    assert states.pop("web-3") is DeploymentState.FAILED
    assert set(states.values()) == {DeploymentState.READY}


def test_a_region_that_has_none_left_gives_way_to_the_next(ground: Ground, home: Home) -> None:
    regions: list[str] = []

    def instead(what: str, body: bytes) -> tuple[int, bytes] | None:
        if what != RENTING:
            return None
        regions.append(json.loads(body)["region"])
        return refused("full") if len(regions) < 3 else None

    words = ("openmesh", "deploy", "--name", "web-1")
    done = through(ground, home, Proxy(ground.endpoint, instead=instead), *words)
    assert done.code == 0, done.stderr
    assert len(set(regions)) == 3
    assert f"goes on with web-1 at do-basic-1 in {regions[-1]}" in done.stderr
    assert done.stderr.count("goes on with web-1 at") == 2
    wiring = home.wired()
    newest, *before = wiring.journal().list()
    wiring.close()
    assert [one.state for one in before] == [DeploymentState.FAILED] * 2
    assert newest.plan is not None
    assert [one.offer.region for one in newest.plan.refused] == regions[:2]


def test_a_clock_that_is_wrong_by_hours_is_told_before_renting(ground: Ground, home: Home) -> None:
    proxy = Proxy(ground.endpoint, ahead=timedelta(hours=3, seconds=30))
    done = through(ground, home, proxy, "openmesh", "deploy", "--name", "web-1", "--dry-run")
    assert done.code == 0
    assert re.search(r"this clock is 3 h .*behind digitalocean's: times to live", done.stderr)
    assert done.stderr.endswith(" doctor\n")
    level = Proxy(ground.endpoint)
    calm = through(ground, home, level, "openmesh", "deploy", "--name", "web-1", "--dry-run")
    assert "this clock" not in calm.stderr


def test_a_profile_that_changed_since_it_was_planned_rents_nothing(
    home: Home, tmp_path: Path
) -> None:
    file = str(tmp_path / "plan.json")
    for words in (
        ("profile", "new", "mine"),
        ("profile", "use", "mine"),
        ("openmesh", "deploy", "--name", "web-1", "--profile", "mine", "--plan-out", file),
        ("add", "docker"),
    ):
        assert said_by(home.folder, *words).code == 0
    done = said_by(home.folder, "openmesh", "deploy", "--plan", file)
    assert done.code == 5
    assert "the profile mine is not what was planned: +stack docker" in done.stderr
    assert said_by(home.folder, "remove", "docker").code == 0
    again = said_by(home.folder, "openmesh", "deploy", "--plan", file, "--dry-run")
    assert again.code == 0, again.stderr
