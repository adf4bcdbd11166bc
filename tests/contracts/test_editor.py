"""What every editor does: the fake, and the person's own, which is a script here."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from capsule_adapters.store.editor import TerminalEditor
from capsule_domain.errors import ConfigurationError, Declined, ToolMissing, UsageError
from capsule_domain.ports.editor import Editor
from tests.fakes.editor import FakeEditor

SHOUT = "import pathlib,sys; p=pathlib.Path(sys.argv[-1]); p.write_bytes(p.read_bytes().upper())"


def real(folder: Path, script: str, **environment: str) -> TerminalEditor:
    """An editor that is a Python script; it gets the draft's path as its last word."""
    file = folder / "an editor.py"
    file.write_text(script)
    command = f"'{sys.executable}' -I '{file}' --wait"
    return TerminalEditor({"PATH": os.environ["PATH"], "EDITOR": command, **environment})


MAKERS: dict[str, Callable[[Path], Editor]] = {
    "fake": lambda _: FakeEditor(str.upper),
    "real": lambda folder: real(folder, SHOUT),
}


@pytest.fixture(params=MAKERS)
def editor(request: pytest.FixtureRequest, tmp_path: Path) -> Editor:
    return MAKERS[request.param](tmp_path)


def test_what_the_person_saved_comes_back(editor: Editor) -> None:
    assert editor.edit("stacks: []\n", file_name="mine.yml") == "STACKS: []\n"


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text())
@example(text="a\r\nb\x00\ufeff😀\udcff")
def test_any_text_goes_through_unharmed(tmp_path: Path, text: str) -> None:
    writable = text.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")
    unchanged = real(tmp_path, "")
    assert unchanged.edit(writable, file_name="mine.yml") == writable


def test_the_draft_is_private_named_as_said_and_gone_afterwards(tmp_path: Path) -> None:
    told = tmp_path / "told"
    look = (
        "import os,sys; p=sys.argv[-1]; "
        f"open({str(told)!r}, 'w').write(f'{{p}} {{os.stat(p).st_mode & 0o777:o}} "
        "{os.stat(os.path.dirname(p)).st_mode & 0o777:o}')"
    )
    real(tmp_path, look).edit("x", file_name="mine.yml")
    path, mode, folder_mode = told.read_text().split()
    assert (Path(path).name, mode, folder_mode) == ("mine.yml", "600", "700")
    assert not Path(path).parent.exists()


def test_an_editor_may_write_a_new_file_in_the_draft_s_place(tmp_path: Path) -> None:
    script = "import os,sys; p=sys.argv[-1]; open(p+'~','w').write('new'); os.replace(p+'~', p)"
    assert real(tmp_path, script).edit("old", file_name="mine.yml") == "new"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("raise SystemExit(1)", "ended with exit code 1"),
        ("import os; os.kill(os.getpid(), 9)", "ended with signal 9"),
        ("import os,sys; os.unlink(sys.argv[-1])", "was deleted in the editor"),
    ],
)
def test_an_editor_that_ends_badly_changes_nothing(tmp_path: Path, script: str, told: str) -> None:
    with pytest.raises(Declined, match=told):
        real(tmp_path, script).edit("x", file_name="mine.yml")


def test_visual_goes_before_editor_and_an_empty_one_is_none(tmp_path: Path) -> None:
    chosen = real(tmp_path, SHOUT, VISUAL="false")
    with pytest.raises(Declined):
        chosen.edit("x", file_name="mine.yml")
    assert real(tmp_path, SHOUT, VISUAL=" ").edit("x", file_name="mine.yml") == "X"


@pytest.mark.parametrize(
    ("command", "error", "told"),
    [
        ("no-such-editor --wait", ToolMissing, "the editor no-such-editor is not installed"),
        ("'unclosed", ConfigurationError, r"\$EDITOR is no command"),
        ("/", ConfigurationError, "does not start: permission denied"),
    ],
)
def test_an_editor_that_cannot_be_started_is_told(
    command: str, error: type[Exception], told: str
) -> None:
    broken = TerminalEditor({"PATH": os.environ["PATH"], "EDITOR": command})
    with pytest.raises(error, match=told):
        broken.edit("x", file_name="mine.yml")


def test_the_words_of_an_editor_are_no_shell(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    command = f"true; touch {trap}"
    with pytest.raises(ToolMissing):
        TerminalEditor({"PATH": os.environ["PATH"], "EDITOR": command}).edit("", file_name="a.yml")
    assert not trap.exists()


def test_vi_or_nano_is_taken_at_a_terminal_alone(tmp_path: Path) -> None:
    nano = tmp_path / "nano"
    nano.write_text('#!/bin/sh\nprintf changed > "$1"\n')
    nano.chmod(0o755)
    environment = {"PATH": str(tmp_path)}
    there = TerminalEditor(environment, at_terminal=lambda: True)
    assert there.edit("x", file_name="mine.yml") == "changed"
    with pytest.raises(UsageError, match="needs a terminal"):
        TerminalEditor(environment, at_terminal=lambda: False).edit("x", file_name="mine.yml")
    nowhere = TerminalEditor({"PATH": str(tmp_path / "x")}, at_terminal=lambda: True)
    with pytest.raises(ToolMissing):
        nowhere.edit("x", file_name="mine.yml")


INTERRUPTED = """
import sys
from capsule_adapters.store.editor import TerminalEditor
sys.stdout.write(TerminalEditor().edit("x", file_name="mine.yml"))
"""
PATIENT = """
import pathlib, signal, sys, time
signal.signal(signal.SIGINT, lambda *_: None)
pathlib.Path({ready!r}).touch()
while not pathlib.Path({go!r}).exists():
    time.sleep(0.02)
pathlib.Path(sys.argv[-1]).write_text("after ctrl-c")
"""


def test_ctrl_c_belongs_to_the_editor(tmp_path: Path) -> None:
    ready, go, script = tmp_path / "ready", tmp_path / "go", tmp_path / "editor.py"
    script.write_text(PATIENT.format(ready=str(ready), go=str(go)))
    running = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        env={**os.environ, "EDITOR": f"'{sys.executable}' '{script}'"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 20
    while not ready.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGINT)
    time.sleep(0.2)
    go.touch()
    assert running.communicate(timeout=20)[0] == "after ctrl-c"
    assert running.returncode == 0
