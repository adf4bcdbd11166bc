"""Processes of this machine, told apart from others that had, or will have, their number."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PS_SECONDS = 5
POLL_SECONDS = 0.05


@contextmanager
def interrupts_left_to_a_child() -> Iterator[None]:
    """Ctrl-C is a key of the program that has the terminal, though we hear it too."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda _signal, _frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def end_process(pid: int, started: str, *, patience_seconds: float) -> bool:
    """End the process that has this pid and began then, politely first; whether it is gone.

    Another one that has got the pid meanwhile is never touched.
    """
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process_started(pid) != started:
            return True
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + patience_seconds
        while time.monotonic() < deadline:
            if process_started(pid) != started:
                return True
            time.sleep(POLL_SECONDS)
    return False


def process_started(pid: int) -> str | None:
    """A mark that no other process of this pid ever has; None when none of that pid runs."""
    if Path("/proc/self/stat").exists():
        return _from_proc(pid)
    done = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],
        env={**os.environ, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PS_SECONDS,
    )
    state, _, moment = done.stdout.strip().partition(" ")
    return None if not moment or state.startswith("Z") else " ".join(moment.split())


def _from_proc(pid: int) -> str | None:
    try:
        # The name in parentheses may hold anything, even parentheses.
        words = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    return None if words[0] in ("Z", "X") else f"{boot} {words[19]}"
