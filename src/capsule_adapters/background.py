"""The `Background` port: this very Capsule once more, in a session of its own."""

import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import IO

from capsule_domain.errors import HostError
from capsule_domain.ports.background import Beginning

BEGIN_SECONDS = 45.0
LINE_LIMIT_BYTES = 64 * 1024


class OwnSession:
    """A leader of a new session is not told when the terminal, or the login, ends.

    `program` is the command line that runs Capsule.
    """

    def __init__(
        self,
        program: Sequence[str] = (sys.executable, "-m", "capsule_cli"),
        *,
        patience_seconds: float = BEGIN_SECONDS,
    ) -> None:
        self._program = program
        self._patience_seconds = patience_seconds

    def start(self, arguments: Sequence[str]) -> Beginning:
        """Its stderr is a file without a name: it never fills, and never breaks."""
        with tempfile.TemporaryFile() as complaints:
            process = subprocess.Popen(
                [*self._program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=complaints,
                start_new_session=True,
            )
            assert process.stdout is not None  # noqa: S101  (PIPE makes one)
            with process.stdout as stdout:
                said = self._first_line(process, stdout)
            if said is not None:
                process.returncode = 0  # nobody waits for it: Popen is not to complain of that
                return Beginning(said=said)
            code = process.wait()
            complaints.seek(0)
            text = complaints.read(LINE_LIMIT_BYTES).decode("utf-8", "replace")
            return Beginning(said=None, exit_code=code, complaint=text)

    def _first_line(self, process: subprocess.Popen[bytes], stdout: IO[bytes]) -> str | None:
        """None when it ended without a whole line."""
        deadline = time.monotonic() + self._patience_seconds
        content = b""
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            while b"\n" not in content:
                if not selector.select(max(deadline - time.monotonic(), 0)):
                    process.kill()
                    process.wait()
                    raise HostError(
                        f"nothing was heard of it in {self._patience_seconds:.0f} s; it is ended"
                    )
                chunk = stdout.read1(LINE_LIMIT_BYTES)  # type: ignore[attr-defined]
                if not chunk:
                    return None
                content += chunk
        return content.partition(b"\n")[0].decode("utf-8", "replace")
