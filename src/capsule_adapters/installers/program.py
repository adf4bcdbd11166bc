"""A program that takes its time: heard as it speaks, and ended when we are."""

import os
import queue
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress

from capsule_domain.errors import CommandFailed, ToolMissing
from capsule_domain.ports.installation import Progress

_GRACE_SECONDS = 10.0
_LAST_LINES = 3


def run_program(
    command: Sequence[str],
    environment: Mapping[str, str],
    progress: Progress,
    *,
    silence_seconds: float = 3.0,
) -> None:
    """Run `command` to its end; it reads nothing. Interrupted, its whole group is ended.

    `progress` is called with each line, and after `silence_seconds` without one.
    Raises ToolMissing, and CommandFailed with its last words.
    """
    program = shutil.which(command[0], path=environment.get("PATH", os.defpath))
    if program is None:
        raise ToolMissing(command[0], hint=f"install {command[0]}, then try again")
    try:
        process = subprocess.Popen(
            [program, *command[1:]],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise CommandFailed(f"{command[0]} cannot be started: {error.strerror}") from error
    try:
        last = _listen(process, command[0], progress, silence_seconds)
        status = process.wait()
    except BaseException:
        _end(process)
        raise
    if status != 0:
        words = "; ".join(last) or f"it ended with {status}"
        raise CommandFailed(f"{command[0]} failed: {words}", hint=shlex.join(command))


def _listen(
    process: "subprocess.Popen[bytes]", name: str, progress: Progress, silence_seconds: float
) -> Sequence[str]:
    """Pass on each line, and a sign of life in each silence; returns the last lines."""
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_read, args=(process, lines), daemon=True).start()
    started = time.monotonic()
    last: deque[str] = deque(maxlen=_LAST_LINES)
    while True:
        try:
            line = lines.get(timeout=silence_seconds)
        except queue.Empty:
            progress(time.monotonic() - started, last[-1] if last else f"{name} works")
            continue
        if line is None:
            return last
        if line:
            last.append(line)
            progress(time.monotonic() - started, line)


def _read(process: "subprocess.Popen[bytes]", lines: "queue.Queue[str | None]") -> None:
    assert process.stdout is not None  # noqa: S101  (it is a pipe)
    with process.stdout:
        for raw in process.stdout:
            text = raw[:2000].decode(errors="replace").strip()
            lines.put("".join(c if c.isprintable() else " " for c in text))
    lines.put(None)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ask it to end, so that it can clean up; then make it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
            return
