"""The screen of one xNode: its lines, its keys, and a terminal that is left as it was."""

import io
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from rich.cells import cell_len

from capsule_cli import cockpit
from capsule_cli.keyboard import Keyboard
from capsule_cli.managing import Managing
from capsule_cli.options import GlobalOptions
from capsule_cli.output import Output
from capsule_cli.session import Session
from capsule_domain.errors import ProviderError
from capsule_domain.models.xnode_details import XNodeDetails
from tests.cli.running import _Person, capsule
from tests.cli.test_xnode import Home

WAIT_SECONDS = 10.0
MANAGE = ("openmesh", "xnode", "manage", "web-1")


def details(home: Home) -> XNodeDetails:
    list(home.monitor.collect(home.street.inventory.list()))
    return home.wiring().details().of(home.street.inventory.get("web-1"))


@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 16), (40, 10), (200, 60), (20, 3)])
def test_the_screen_fits_and_its_keys_are_always_there(width: int, height: int) -> None:
    found = details(Home())
    shown = cockpit.lines(
        found, found.created_at + timedelta(hours=3), width=width, height=height, foot="the foot"
    )
    assert len(shown) <= height
    assert all(line.cell_len <= width for line in shown)
    text = "\n".join(line.plain for line in shown)
    assert "leave" in text
    assert text.rstrip().endswith("the foot")


def test_all_of_it_is_there_at_80_by_24() -> None:
    found = details(Home())
    shown = cockpit.lines(found, found.created_at, width=80, height=24, foot="")
    text = "\n".join(line.plain for line in shown)
    for part in ("◆ web-1", "● running", "root@127.77.0.1", "$0.01 an hour", "CPU", "memory"):
        assert part in text
    for _key, what in cockpit.KEYS:
        assert what in text
    assert len(shown) == 24


def test_a_long_question_is_read_to_its_end() -> None:
    found = details(Home())
    question = "Stop it? " + "word " * 20 + "[y/N]"
    shown = cockpit.lines(found, found.created_at, width=40, height=24, foot=question)
    assert shown[-1].plain.endswith("[y/N]")
    assert all(cell_len(line.plain) <= 40 for line in shown)


class Player:
    """Somebody at a pseudo-terminal."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.near, self.far = pty.openpty()
        self.before = termios.tcgetattr(self.far)
        self.shown = io.StringIO()
        out = Output(self.shown, io.StringIO())
        out.screen.console.size = (80, 24)
        ask = _Person(out, interactive=True, answer=lambda _question: self.typed)
        options = GlobalOptions(home=Path("/nowhere"))
        self.typed = ""
        self.run = Session(options, out, ask, lambda _options: home.wiring())
        self.ended: list[str | BaseException] = []

    def plays(self) -> None:
        try:
            with Keyboard(self.shown, self.far) as keyboard:
                xnode = self.home.street.inventory.get("web-1")
                self.ended.append(
                    Managing(self.run, keyboard, xnode, tick_seconds=0.02).until_left()
                )
        except BaseException as error:
            self.ended.append(error)

    def press(self, *keys: str) -> None:
        for key in keys:
            os.write(self.near, key.encode())
            time.sleep(0.02)

    def sees(self, part: str) -> None:
        self.until(lambda: part in self.shown.getvalue().rpartition("\x1b[H")[2])

    def until(self, so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not so():
            assert time.monotonic() < deadline, self.shown.getvalue()[-2000:]
            time.sleep(0.01)


@contextmanager
def at_the_screen(home: Home) -> Iterator[Player]:
    """The keyboard wants the main thread for its signals: the player is in another."""
    player = Player(home)
    before = signal.getsignal(signal.SIGTSTP)
    try:
        yield player
    finally:
        assert termios.tcgetattr(player.far) == player.before
        assert signal.getsignal(signal.SIGTSTP) == before
        assert player.shown.getvalue().endswith("\x1b[?25h\x1b[?1049l")
        os.close(player.near)
        os.close(player.far)


def played(home: Home, script: Callable[[Player], None]) -> Player:
    with at_the_screen(home) as player:
        failed: list[BaseException] = []

        def work() -> None:
            try:
                script(player)
            except BaseException as error:
                failed.append(error)
            with suppress(OSError):
                player.press("q", "y")

        thread = threading.Thread(target=work)
        thread.start()
        player.plays()
        thread.join(WAIT_SECONDS)
        if failed:
            raise failed[0]
    return player


def test_it_is_stopped_launched_and_protected_by_keys() -> None:
    home = Home()

    def script(player: Player) -> None:
        player.sees("◆ web-1")
        player.press("s")
        player.sees("Stop it? Off it costs as much as on")
        player.press("n", "s", "y")
        player.sees("✓ stop: web-1 is stopped")
        player.press("r", "y")
        player.sees("✗ web-1 is stopped")
        player.press("l")
        player.sees("✓ launch: web-1 is running")
        player.press("p")
        player.sees("✓ web-1 is protected")
        player.press("e")
        player.sees("✗ web-1 is protected")

    assert played(home, script).ended == ["✗ web-1 is protected"]
    assert home.street.inventory.get("web-1").protected


def test_a_shell_has_the_terminal_to_itself() -> None:
    home = Home()
    home.ssh.exit_code = 3

    def script(player: Player) -> None:
        player.sees("◆ web-1")
        player.press("o")
        player.sees("the shell ended with 3")

    player = played(home, script)
    assert home.ssh.ran == [["ssh", "root@127.77.0.1"]]
    assert player.shown.getvalue().count("\x1b[?1049l") == 2


def test_its_end_needs_its_name() -> None:
    home = Home()

    def script(player: Player) -> None:
        player.sees("◆ web-1")
        player.typed = "web"
        player.press("e")
        player.sees("nothing was changed")
        player.typed = "web-1"
        player.press("e")
        player.until(lambda: bool(player.ended))

    assert played(home, script).ended == ["✓ web-1 is gone"]
    assert home.street.inventory.get("web-1").status == "gone"


def test_a_refusal_is_told_and_keys_without_a_meaning_do_nothing() -> None:
    home = Home()

    def script(player: Player) -> None:
        player.sees("◆ web-1")
        home.street.cloud.fails = ProviderError("fakecloud", "it is locked")
        player.press("\x1b[A", "z", "\x1b", "f", "y")
        player.sees("✗ fakecloud: it is locked")
        player.press("c")
        player.sees("web-1 is healthy")

    played(home, script)


def test_a_bug_leaves_the_terminal_as_it_was() -> None:
    home = Home()

    def broken(*_given: object) -> None:
        raise ZeroDivisionError

    home.monitor.latest = broken  # type: ignore[method-assign,assignment]
    with at_the_screen(home) as player:
        player.plays()
    assert isinstance(player.ended[0], ZeroDivisionError)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_process_leaves_the_terminal_as_it_was(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    """Over a real home with one xNode in it, at a real pseudo-terminal."""
    csv = tmp_path / "one.csv"
    csv.write_text("name,provider\nweb-1,manual\n")
    home = tmp_path / "home"
    assert capsule("openmesh", "inventory", "import", str(csv), "--yes", home=home).code == 0
    near, far = pty.openpty()
    before = termios.tcgetattr(far)
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
    with subprocess.Popen(
        [sys.executable, "-m", "capsule_cli", "--home", str(home), *MANAGE],
        stdin=far,
        stdout=far,
        stderr=far,
        env=environment,
        start_new_session=True,
    ) as process:
        text = read_until(near, "never looked at")
        assert termios.tcgetattr(far) != before
        process.send_signal(number)
        text += read_until(near, "\x1b[?1049l")
        assert process.wait(10) == code
    assert termios.tcgetattr(far) == before
    assert "◆ web-1" in text
    os.close(near)
    os.close(far)


def read_until(near: int, part: str) -> str:
    text, deadline = "", time.monotonic() + WAIT_SECONDS
    while part not in text:
        ready, _, _ = select.select([near], [], [], max(deadline - time.monotonic(), 0))
        assert ready, text
        text += os.read(near, 65536).decode("utf-8", "replace")
    return text
