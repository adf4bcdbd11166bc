"""The fleet's screen in real terminals, `monitor status`, `monitor metrics --since`, JSON lines."""

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from capsule_adapters.clock import SystemClock
from capsule_adapters.collector.lock import FileEngineLock
from capsule_adapters.store.inventory import SqliteInventory
from capsule_adapters.store.samples import SqliteSamples
from capsule_adapters.store.state import state_database
from capsule_cli.fleet_feed import Feed
from capsule_cli.keyboard import Keyboard
from capsule_cli.watching import Watching
from capsule_domain.models.look import LookPlan
from tests.cli.running import capsule
from tests.cli.test_manage import WAIT_SECONDS, read_until
from tests.fakes.clock import FakeClock
from tests.fakes.probes import DOWN, FakeProbes, Scene
from tests.tools import needs_tool
from tests.xnodes import an_xnode

WATCH = ("openmesh", "monitor", "watch")
NAMES = [f"n{number:03}" for number in range(1000)]


def a_home(folder: Path, names: list[str], *, minutes: int = 0) -> Path:
    """A home with xNodes that were looked at just now; the first is down, the second full.

    `minutes` before that the first of them were looked at each minute, but for a gap.
    """
    home = folder / "home"
    xnodes = [an_xnode(name) for name in names]
    database = state_database(home)
    SqliteInventory(database, actor="tests", now=lambda: datetime.now(UTC)).save_all(xnodes)
    database.close()
    clock = FakeClock(datetime.now(UTC) - timedelta(minutes=minutes))
    probes = FakeProbes(clock)
    probes.play(xnodes[0].id, DOWN)
    probes.play(xnodes[1].id, Scene(figures={"cpu_percent": 97.0}))
    samples = SqliteSamples(home / "metrics.db")
    for minute in range(minutes + 1):
        some = xnodes if minute == minutes else xnodes[:3]
        if not minutes // 3 < minute < minutes // 2:
            found = probes.look(some, LookPlan())
            samples.append({one.xnode_id: one for one in found}, clock.now())
        clock.advance(60 if minute < minutes else 0)
    samples.close()
    return home


@contextmanager
def a_collector(home: Path) -> Iterator[None]:
    """Somebody else collects: the screen only reads."""
    with FileEngineLock(home / "monitor.lock", "anna@laptop", SystemClock()).hold():
        yield


class Terminal:
    """tmux, which knows what a screen looks like after all that was written to it."""

    def __init__(self, folder: Path, width: int, height: int, *command: str) -> None:
        self._tmux = [needs_tool("tmux"), "-S", str(folder / "tmux"), "-f", "/dev/null"]
        self._height = height
        size = ("-x", str(width), "-y", str(height))
        script = f"{' '.join(command)}; echo ended with $?; exec cat"
        self.does("new-session", "-d", "-s", "w", *size, script)
        self.does("set-option", "-g", "status", "off")
        self.resize(width, height)

    def does(self, *words: str) -> str:
        done = subprocess.run([*self._tmux, *words], capture_output=True, text=True, check=True)
        return done.stdout

    def press(self, *keys: str) -> None:
        self.does("send-keys", "-t", "w", *keys)

    def resize(self, width: int, height: int) -> None:
        self._height = height
        self.does("resize-window", "-t", "w", "-x", str(width), "-y", str(height))

    def screen(self) -> list[str]:
        return self.does("capture-pane", "-p", "-t", "w").split("\n")[: self._height]

    def shows(self, *parts: str, lines: int | None = None) -> list[str]:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            found = self.screen()
            text = "\n".join(found)
            whole = lines is None or len("\n".join(found).rstrip("\n").split("\n")) == lines
            if whole and all(part in text for part in parts):
                return found
            assert time.monotonic() < deadline, text
            time.sleep(0.05)

    def close(self) -> None:
        self.does("kill-server")


@contextmanager
def at_terminal(folder: Path, home: Path, width: int, height: int) -> Iterator[Terminal]:
    command = (sys.executable, "-m", "capsule_cli", "--home", str(home), *WATCH)
    terminal = Terminal(folder, width, height, *command)
    try:
        yield terminal
    finally:
        terminal.close()


def test_a_thousand_in_three_sizes_of_a_terminal(tmp_path: Path) -> None:
    home = a_home(tmp_path, NAMES, minutes=30)
    with a_collector(home), at_terminal(tmp_path, home, 80, 24) as terminal:
        found = terminal.shows("✗ n000  unhealthy", "collected by anna@laptop", lines=24)
        assert found[1] == "1,000 watched   ✗ 1 unhealthy   ● 999 healthy"
        assert found[5].startswith("▸✗ n000")
        assert "wrong    ping: no answer; ssh: unreachable" in "\n".join(found)
        assert found[23].startswith("1 of 1,000, all, by worst")

        terminal.press("s", "s")  # by CPU
        terminal.press("Home")
        found = terminal.shows("▸● n001", "● n001  healthy", "by CPU", "last 1 h")
        [spark] = [line for line in found if line.startswith("CPU") and "97.0 %" in line]
        drawn = spark.split("%")[1].split("last")[0].strip()
        assert set(drawn) == {"█", "·"}, "no line is drawn over a gap"
        assert "█·" in drawn.strip("·"), "and there is one"
        assert "·█" in drawn.strip("·")

        terminal.press("/")
        terminal.press("-l", "n99 healthy")
        terminal.shows("/n99 healthy▏")
        terminal.press("Enter")
        found = terminal.shows("1 of 10, all, by CPU, /n99 healthy")
        terminal.press("Escape")
        terminal.shows("of 1,000")
        terminal.press("NPage")
        terminal.shows("9 of 1,000", "▸● n009")

        terminal.press("c")
        terminal.shows("the collector looks by itself")

        for width, height in ((132, 43), (60, 16), (80, 24)):
            terminal.resize(width, height)
            found = terminal.shows("◆ Fleet", "leave", "by CPU", lines=height)
            assert found[0].endswith("UTC")
            assert len(found[0]) == width - 1

        terminal.press("q")
        found = terminal.shows("ended with 0")
        assert "Fleet" not in "\n".join(found), "what was there before is there again"
        assert terminal.does("display-message", "-p", "-t", "w", "#{cursor_flag}").strip() == "1"


@contextmanager
def in_a_pty(home: Path) -> Iterator[tuple[subprocess.Popen[bytes], int, int]]:
    near, far = pty.openpty()
    resize(far, 80, 24)
    with subprocess.Popen(
        [sys.executable, "-m", "capsule_cli", "--home", str(home), *WATCH],
        stdin=far,
        stdout=far,
        stderr=far,
        env={**os.environ, "TERM": "xterm"},
        start_new_session=True,
    ) as process:
        try:
            yield process, near, far
        finally:
            process.kill()
            os.close(near)
            os.close(far)


def resize(descriptor: int, width: int, height: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_terminal_is_left_as_it_was(number: signal.Signals, code: int, tmp_path: Path) -> None:
    home = a_home(tmp_path, ["web", "db"])
    with a_collector(home), in_a_pty(home) as (process, near, far):
        before = termios.tcgetattr(far)
        text = read_until(near, "leave")
        process.send_signal(number)
        process.send_signal(number)
        text += read_until(near, "\x1b[?1049l")
        assert process.wait(WAIT_SECONDS) == code
        assert termios.tcgetattr(far)[3] & termios.ICANON, "lines are read again"
        assert termios.tcgetattr(far)[3] & termios.ECHO
        assert before[3] & termios.ICANON
        assert "\x1b[?25h" in text, "the cursor is there again"


def test_a_storm_of_sizes_does_no_harm(tmp_path: Path) -> None:
    home = a_home(tmp_path, ["web", "db"])
    with a_collector(home), in_a_pty(home) as (process, near, far):
        read_until(near, "leave")
        for number in range(300):
            resize(far, 20 + number % 100, 3 + number % 50)
            process.send_signal(signal.SIGWINCH)
        resize(far, 100, 30)
        text = read_until(near, "─" * 99)
        os.write(near, b"q")
        text += read_until(near, "\x1b[?1049l")
        assert process.wait(WAIT_SECONDS) == 0
        assert "Traceback" not in text


class Broken(Feed):
    """Fails as nothing of ours does."""

    def read(self, chosen: str | None) -> None:
        raise ZeroDivisionError


def test_a_bug_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    from capsule_cli.main import _real_wire
    from capsule_cli.options import GlobalOptions
    from capsule_cli.output import Output
    from capsule_cli.session import Session
    from tests.cli.running import _Person

    near, far = pty.openpty()
    before, shown = termios.tcgetattr(far), StringIO()
    out = Output(shown, StringIO())
    options = GlobalOptions(home=a_home(tmp_path, ["web", "db"]))
    ask = _Person(out, interactive=True)
    run = Session(options, out, ask, lambda given: _real_wire([], given))
    with pytest.raises(ZeroDivisionError), Keyboard(shown, far) as keyboard:
        Watching(run, keyboard, Broken(run, 60), tick_seconds=0.01).until_left()
    run.wiring.close()
    assert termios.tcgetattr(far) == before
    assert shown.getvalue().endswith("\x1b[?25h\x1b[?1049l")
    os.close(near)
    os.close(far)


def test_lines_of_json_and_who_looks(tmp_path: Path) -> None:
    home = a_home(tmp_path, ["web", "db", "x"])
    with a_collector(home):
        [first, second] = json_lines(home, 2)
    assert first["collector"]["who"] == "anna@laptop"
    assert [row["xnode"] for row in first["xnodes"]] == ["web", "db", "x"]
    assert first["counts"]["unhealthy"] == 1
    assert first["at"].endswith("Z")
    assert first["xnodes"][0]["cpu_percent"] is None
    assert first["xnodes"][1]["disk_percent"] == 30.0
    assert second["at"] > first["at"]


def test_without_a_collector_the_screen_looks_itself_and_keeps_what_it_saw(tmp_path: Path) -> None:
    home = tmp_path / "home"
    csv = tmp_path / "one.csv"
    csv.write_text("name,provider,status\nweb-1,manual,running\n")
    assert capsule("openmesh", "inventory", "import", str(csv), "--yes", home=home).code == 0
    [line] = json_lines(home, 1)
    assert line["collector"] is None
    assert line["xnodes"][0]["checked_at"] is not None, "it was looked at"
    assert line["xnodes"][0]["status"] == "unknown", "it has no address"
    assert len(SqliteSamples(home / "metrics.db").latest()) == 1


def json_lines(home: Path, count: int) -> list[Any]:
    command = [sys.executable, "-m", "capsule_cli", "--home", str(home), *WATCH]
    with subprocess.Popen(
        [*command, "--json", "--interval", "1"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        found = [json.loads(process.stdout.readline()) for _ in range(count)]
        process.terminate()
        assert process.wait(WAIT_SECONDS) == 143
    return found


def test_watch_is_refused_where_nobody_sees_it(tmp_path: Path) -> None:
    done = capsule(*WATCH, home=tmp_path)
    assert done.code == 2
    assert "watch needs a terminal, or --json" in done.stderr
    assert "openmesh monitor status" in done.stderr
    for wrong in ("0", "nan", "inf", "soon"):
        assert capsule(*WATCH, "--json", "--interval", wrong, home=tmp_path).code == 2


def test_status_tells_the_worst_first_and_what_is_wrong(tmp_path: Path) -> None:
    home = a_home(tmp_path, ["web", "db", "x"])
    lines = capsule("openmesh", "monitor", "status", home=home).stdout.splitlines()
    assert lines[0] == "3 watched   ✗ 1 unhealthy   ● 2 healthy"
    assert lines[1:3] == ["no alert", "no collector runs"]
    assert lines[4].startswith("✗ web  unhealthy")
    assert lines[7] == "✗ web  ping: no answer; ssh: unreachable"
    detailed = capsule("openmesh", "monitor", "status", "--detailed", home=home).stdout
    assert "disk /  30.0 %" in detailed
    data = capsule("openmesh", "monitor", "status", "--detailed", "--json", home=home).data
    assert data["xnodes"][1]["metrics"]["disks"][0]["mount"] == "/"
    assert data["collector"] is None


def test_status_of_nothing_says_what_to_do(tmp_path: Path) -> None:
    done = capsule("openmesh", "monitor", "status", home=tmp_path)
    assert done.code == 0
    assert "openmesh xnodes" in done.stdout
    assert done.stdout.startswith("0 watched\n")
    tagged = capsule("openmesh", "monitor", "status", "--tags", "web", "--json", home=tmp_path)
    assert tagged.data["xnodes"] == []


def test_metrics_over_time_are_a_table_where_nobody_sees_a_chart(tmp_path: Path) -> None:
    home = a_home(tmp_path, ["web", "db", "x"], minutes=20)
    done = capsule("openmesh", "monitor", "metrics", "db", "--since", "1h", home=home)
    assert "CPU     97.0 %  97.0 %  97.0 %        18" in done.stdout
    assert not set(done.stdout) & set("▁█·┤")
    data = capsule(
        "openmesh", "monitor", "metrics", "db", "--since", "1h", "--json", home=home
    ).data
    [cpu, *_] = data["history"]["courses"]
    assert (cpu["figure"], cpu["high"], cpu["gap_seconds"]) == ("cpu_percent", 97.0, 150.0)
    assert len(cpu["points"]) == cpu["count"]
    assert (
        "history" not in capsule("openmesh", "monitor", "metrics", "db", "--json", home=home).data
    )
    wrong = capsule("openmesh", "monitor", "metrics", "db", "--since", "soon", home=home)
    assert wrong.code == 2
    assert "'soon' is no time" in wrong.stderr


def test_what_was_seen_long_ago_is_told_as_such(tmp_path: Path) -> None:
    home = a_home(tmp_path, ["web", "db"])
    health = ("openmesh", "monitor", "health", "db")
    doubt = "nobody has looked since: how it is now is unknown"
    assert doubt not in capsule(*health, home=home).stdout
    samples = SqliteSamples(home / "metrics.db")
    clock = FakeClock(datetime.now(UTC) - timedelta(hours=3))
    samples.append(
        {"x-db": next(FakeProbes(clock).look([an_xnode("db")], LookPlan()))}, clock.now()
    )
    samples.close()
    shown = capsule(*health, home=home).stdout
    assert "checked    3 h ago" in shown
    assert "last 24 h  100.0 % of 2 looks were healthy" in shown
    assert doubt in shown
    figures = capsule("openmesh", "monitor", "metrics", "db", home=home).stdout
    assert "nothing was read since: how it is now is unknown" in figures
    status = capsule("openmesh", "monitor", "status", home=home).stdout
    assert "? db   unknown" in status
    assert "3 h" in status
    detailed = capsule("openmesh", "monitor", "status", "--detailed", home=home).stdout
    assert "healthy when last seen, 3 h ago" in detailed


def test_a_history_that_cannot_be_read_is_told_on_the_screen(tmp_path: Path) -> None:
    home = a_home(tmp_path, ["web", "db"])
    (home / "metrics.db").write_bytes(b"no database at all" * 100)
    with a_collector(home), in_a_pty(home) as (process, near, _far):
        text = read_until(near, "metrics.db")
        os.write(near, b"q")
        text += read_until(near, "\x1b[?1049l")
        assert process.wait(WAIT_SECONDS) == 0
        assert "Traceback" not in text
    refused = capsule("openmesh", "monitor", "status", home=home)
    assert refused.code != 0
    assert "metrics.db" in refused.stderr
