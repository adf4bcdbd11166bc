"""The `Host` port on the machine that Capsule runs on."""

import asyncio
import os
import shlex
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from capsule_adapters.store.files import make_private_folder, write_atomically
from capsule_domain.errors import CommandFailed, HostUnreachable, StoreError
from capsule_domain.ports.host import Completed

CHUNK_BYTES = 64 * 1024
OUTPUT_LIMIT_BYTES = 8 * 1024 * 1024


class _TooMuchOutput(Exception):
    """A command wrote more than is read from it."""


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
            done = asyncio.run(self._execute(command, stdin.encode(), timeout_seconds, heard))
        except TimeoutError as error:
            raise HostUnreachable(
                f"a command on this machine did not end within {timeout_seconds:g} s"
            ) from error
        except _TooMuchOutput as error:
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

    async def _execute(
        self,
        command: str,
        stdin: bytes,
        timeout_seconds: float,
        heard: Callable[[str], None] | None,
    ) -> Completed:
        process = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            command,
            env=self.environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=not self.at_terminal,
        )
        assert process.stdin and process.stdout and process.stderr  # noqa: S101, PT018  (pipes)
        try:
            async with asyncio.timeout(timeout_seconds):
                _, out, complaint = await asyncio.gather(
                    _feed(process.stdin, stdin),
                    _read(process.stdout),
                    _read(process.stderr, heard),
                )
                status = await process.wait()
        finally:
            self._end(process)
        return Completed(
            exit_code=max(status, -1),
            stdout=out.decode("utf-8", "replace"),
            stderr=complaint.decode("utf-8", "replace"),
        )

    def _end(self, process: asyncio.subprocess.Process) -> None:
        """Nothing of it stays behind, however we got here."""
        if process.returncode is None:
            with suppress(ProcessLookupError):
                if self.at_terminal:
                    process.kill()
                else:
                    os.killpg(process.pid, signal.SIGKILL)


async def _feed(writer: asyncio.StreamWriter, content: bytes) -> None:
    with suppress(BrokenPipeError, ConnectionResetError):  # as `head` does
        writer.write(content)
        await writer.drain()
    with suppress(BrokenPipeError, ConnectionResetError):
        writer.close()
        await writer.wait_closed()


async def _read(reader: asyncio.StreamReader, heard: Callable[[str], None] | None = None) -> bytes:
    content, told = bytearray(), 0
    while chunk := await reader.read(CHUNK_BYTES):
        content += chunk
        if len(content) > OUTPUT_LIMIT_BYTES:
            raise _TooMuchOutput
        if heard is not None and b"\n" in chunk:
            whole = content.rindex(b"\n")
            for line in bytes(content[told:whole]).split(b"\n"):
                heard(line.decode("utf-8", "replace"))
            told = whole + 1
    if heard is not None and told < len(content):
        heard(bytes(content[told:]).decode("utf-8", "replace"))
    return bytes(content)
