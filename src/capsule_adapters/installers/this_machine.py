"""The `Host` port on the machine that Capsule runs on."""

import os
import shlex
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from capsule_adapters.installers.child import Child, TooMuchOutput
from capsule_adapters.store.files import make_private_folder, write_atomically
from capsule_domain.errors import CommandFailed, HostUnreachable, StoreError
from capsule_domain.ports.host import Completed


@dataclass(frozen=True)
class ThisMachine:
    """Implements the `Host` port by child processes.

    `at_terminal`: what runs may ask the person who sits there, as `sudo` does for a
    password; else it is cut off from the terminal.
    """

    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    at_terminal: bool = False

    def run(
        self,
        command: str,
        *,
        stdin: str = "",
        timeout_seconds: float = 30.0,
        check: bool = False,
        heard: Callable[[str], None] | None = None,
    ) -> Completed:
        """Run a POSIX shell command to its end."""
        try:
            child = Child(
                command,
                self.environment,
                stdin.encode(),
                at_terminal=self.at_terminal,
                heard=heard,
            )
            done = child.run(timeout_seconds)
        except TimeoutError as error:
            raise HostUnreachable(
                f"a command on this machine did not end within {timeout_seconds:g} s"
            ) from error
        except TooMuchOutput as error:
            raise CommandFailed(
                "a command on this machine wrote more than 8 MiB and was ended"
            ) from error
        except OSError as error:
            raise HostUnreachable(f"no shell starts on this machine: {error.strerror}") from error
        if check and done.exit_code != 0:
            lines = done.stderr.strip().splitlines()
            why = f": {lines[-1][:200]}" if lines else ""
            raise CommandFailed(
                f"a command on this machine failed ({done.exit_code}){why}",
                hint=f"try: sh -c {shlex.quote(command[:60])}",
            )
        return done

    def put(self, path: str, content: bytes, *, mode: int = 0o600) -> None:
        """Replace a file in one step."""
        target = Path(path)
        try:
            if target.is_dir():
                raise CommandFailed(f"cannot write {path}: it is a folder", hint=f"ls -ld {path}")
            make_private_folder(target.parent)
            write_atomically(target, content, mode=mode)
        except StoreError as error:
            raise CommandFailed(error.message, hint=error.hint) from error

    @contextmanager
    def keep(self, command: str, *, until: str, timeout_seconds: float = 30.0) -> Iterator[str]:
        """Run a command for the length of the block; no beat is needed to see that we end."""
        process = subprocess.Popen(
            ["/bin/sh", "-c", command],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        with process:
            yield _first_line(process, until, timeout_seconds)


def _first_line(process: "subprocess.Popen[bytes]", until: str, timeout_seconds: float) -> str:
    """The one that begins with `until`. Who is too late to say it is ended."""
    assert process.stdout is not None  # noqa: S101  (it is a pipe)
    late = threading.Timer(timeout_seconds, process.kill)
    late.start()
    last = ""
    try:
        for raw in process.stdout:
            last = raw.decode("utf-8", "replace").strip()
            if last.startswith(until):
                return last
    finally:
        late.cancel()
    if process.wait() == -signal.SIGKILL:
        raise HostUnreachable(
            f"a command on this machine did not begin within {timeout_seconds:g} s"
        )
    raise CommandFailed(f"a command that was to stay ended: {last[:200] or 'it said nothing'}")
