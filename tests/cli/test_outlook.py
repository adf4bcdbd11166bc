"""Guesses on the screens: marked as such, and nothing where too little is known."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from capsule_adapters.store.alert_book import SqliteAlertBook
from capsule_adapters.store.inventory import SqliteInventory
from capsule_adapters.store.samples import SqliteSamples
from capsule_adapters.store.state import state_database
from capsule_domain.models.alert import AlertSeverity
from capsule_domain.models.look import LookPlan
from capsule_domain.models.metric import Disk
from tests.cli.running import capsule
from tests.cli.test_watching import a_collector, at_terminal
from tests.fakes.clock import FakeClock
from tests.fakes.probes import FakeProbes, Scene
from tests.services.test_overview import Fleet
from tests.xnodes import an_xnode

METRICS = ("openmesh", "monitor", "metrics", "web")


def a_home(folder: Path, *, hours: int) -> Path:
    """A home with one xNode, whose disk gains half a point an hour, up to 90 % now."""
    home, web = folder / "home", an_xnode("web")
    with_state = state_database(home)
    SqliteInventory(with_state, actor="tests", now=lambda: datetime.now(UTC)).save_all([web])
    with_state.close()
    clock = FakeClock(datetime.now(UTC) - timedelta(hours=hours))
    probes, samples = FakeProbes(clock), SqliteSamples(home / "metrics.db")
    for ago in range(hours, -1, -1):
        disk = Disk(mount="/var", used_percent=90 - 0.5 * ago)
        probes.play(web.id, Scene(figures={"disks": (disk,)}))
        samples.append({web.id: next(probes.look([web], LookPlan()))}, clock.now())
        clock.advance(3600 if ago else 0)
    samples.prune(clock.now())
    samples.close()
    return home


def test_a_disk_that_fills_up_is_guessed_in_words_and_as_data(tmp_path: Path) -> None:
    home = a_home(tmp_path, hours=72)
    text = capsule(*METRICS, home=home).stdout
    assert "Outlook:\n⚠ a guess: /var is full in about " in text
    assert "with 95 % confidence" in text
    (guess,) = capsule(*METRICS, "--json", home=home).data["outlook"]
    assert (guess["rule"], guess["instance"], guess["severity"]) == (
        "disk-outlook",
        "/var",
        "warning",
    )
    assert 15 < guess["low"] <= guess["value"] <= guess["high"] < 25
    with a_collector(home), at_terminal(tmp_path, home, 80, 24) as terminal:
        terminal.shows("a guess  /var is full in about")


def test_too_little_history_is_silent(tmp_path: Path) -> None:
    home = a_home(tmp_path, hours=6)
    assert "Outlook" not in capsule(*METRICS, home=home).stdout
    assert capsule(*METRICS, "--json", home=home).data["outlook"] == []


def test_status_tells_the_guesses_that_the_collector_alerts_about(tmp_path: Path) -> None:
    home = a_home(tmp_path, hours=1)
    fleet = Fleet("web")
    fleet.clock.advance((datetime.now(UTC) - fleet.clock.now()).total_seconds())
    with_state = state_database(home)
    fleet.book = SqliteAlertBook(with_state)
    fleet.fires("web", AlertSeverity.WARNING, rule="disk-outlook")
    with_state.close()
    (row,) = capsule("openmesh", "monitor", "status", "--json", home=home).data["xnodes"]
    (guess,) = row["outlook"]
    assert (guess["rule"], guess["severity"]) == ("disk-outlook", "warning")
