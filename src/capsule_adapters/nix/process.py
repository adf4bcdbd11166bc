"""Nix as a process: found, listened to, and ended with all that it started."""

import logging
import os
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from capsule_adapters.nix.complaint import failure
from capsule_adapters.nix.ear import Ear
from capsule_adapters.nix.pulse import Pulse
from capsule_domain.errors import HostError, ToolMissing

PLACES = (
    "/nix/var/nix/profiles/default/bin",
    "~/.nix-profile/bin",
    "~/.local/state/nix/profile/bin",
)
"""Where installations of Nix put its programs, for a shell that does not know yet."""

INSTALL_HINT = "install Nix: capsule bootstrap"

_GENTLE_SECONDS = 5.0
_KEPT_LINES = 60
_LOGGED_LETTERS = 200
_log = logging.getLogger("capsule.nix")


def find_program(
    name: str, environment: Mapping[str, str], places: Sequence[str] = PLACES
) -> str | None:
    """The path of one of Nix's programs: on PATH, or where installations put it."""
    home = environment.get("HOME", "")
    known = [place.replace("~", home, 1) for place in places if home or place[0] != "~"]
    for folder in [*environment.get("PATH", "").split(os.pathsep), *known]:
        with suppress(OSError):  # a folder on PATH may be closed to us
            candidate = Path(folder, name)
            if folder and candidate.is_file() and os.access(candidate, os.X_OK):
                return str(candidate)
    return None


def is_usable(home: str) -> bool:
    """Whether `home` is one to write to: Nix does not work without."""
    return bool(home) and os.access(home, os.W_OK | os.X_OK)


@dataclass(frozen=True)
class NixProcess:
    """Runs Nix's programs with `environment`; `places` are looked in after PATH."""

    environment: Mapping[str, str]
    places: Sequence[str] = PLACES
    gentle_seconds: float = _GENTLE_SECONDS

    def run(
        self,
        words: Sequence[str],
        *,
        doing: str,
        pulse: Pulse,
        folder: Path | None = None,
        own_home: bool = False,
        kept_lines: int = _KEPT_LINES,
        timeout_seconds: float | None = None,
        check: bool = True,
    ) -> "Said":
        """Run `words` (the first is the program's name) to its end in `folder`.

        `doing` begins the message of a failure: `cannot build the environment`; without
        `check` a Nix that fails is an answer too. With `own_home` nothing is written to the
        person's home; its settings hold. Raises ToolMissing, NixFailed, HostUnreachable,
        StoreError, and HostError for a Nix that does not start or does not end in
        `timeout_seconds`.
        """
        program = find_program(words[0], self.environment, self.places)
        if program is None:
            raise ToolMissing("Nix", hint=INSTALL_HINT)
        _log.info("%s", shlex.join(" ".join(word.split())[:_LOGGED_LETTERS] for word in words))
        pulse.beat(doing.removeprefix("cannot "))
        with ExitStack() as stack:
            # Nix takes an empty XDG_CACHE_HOME for the root folder; it means that it is unset.
            given = {n: v for n, v in self.environment.items() if v or not n.startswith("XDG_")}
            surroundings = {**given, **_PLAIN, **self._home(stack, own=own_home)}
            process = _start([program, *words[1:]], folder, surroundings)
            try:
                ear = Ear(process, pulse, kept_lines, timeout_seconds)
                ear.listen()
            finally:
                _end(process, self.gentle_seconds)
        said = Said(process.returncode, bytes(ear.output).decode(errors="replace"), ear.lines())
        if check and said.exit_code != 0:
            raise failure(doing, said.exit_code, said.lines)
        return said

    def _home(self, stack: ExitStack, *, own: bool) -> Mapping[str, str]:
        real = self.environment.get("HOME", "")
        if not own and is_usable(real):
            return {"HOME": real}
        scratch = stack.enter_context(TemporaryDirectory(prefix="capsule-nix-"))
        if not is_usable(real):
            return {"HOME": scratch}
        folders = {name: f"{real}/{below}" for name, below in _XDG.items()}
        given = {name: self.environment[name] for name in _XDG if self.environment.get(name)}
        return {"HOME": scratch, **folders, **given}


@dataclass(frozen=True)
class Said:
    """What an ended process left: all of stdout, and the last lines of stderr."""

    exit_code: int
    stdout: str
    lines: Sequence[str]


_XDG = {
    "XDG_CACHE_HOME": ".cache",
    "XDG_CONFIG_HOME": ".config",
    "XDG_DATA_HOME": ".local/share",
    "XDG_STATE_HOME": ".local/state",
}
_PLAIN = {"NO_COLOR": "1", "LC_ALL": "C", "TERM": "dumb", "NIX_PAGER": "cat"}


def _start(
    words: Sequence[str], folder: Path | None, surroundings: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            words,
            cwd=folder,
            env=surroundings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C reaches us, and we end it in our order
        )
    except OSError as error:
        raise HostError(f"nix cannot be started: {error.strerror}") from error


def _end(process: "subprocess.Popen[bytes]", gentle_seconds: float) -> None:
    """Nothing of it stays behind. First it may tidy up: its builds, its temporary files."""
    try:
        if process.poll() is None:
            _signal(process, signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(gentle_seconds)
    finally:
        if process.poll() is None:
            _signal(process, signal.SIGKILL)
            process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def _signal(process: "subprocess.Popen[bytes]", which: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, which)
