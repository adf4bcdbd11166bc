"""The Nix of this machine, asked as a program."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

from capsule_adapters.nix.process import INSTALL_HINT, PLACES, find_program, is_usable
from capsule_domain.errors import HostError, ToolMissing
from capsule_domain.models.finding import Finding, Severity

_PROGRAM = "nix-instantiate"
_FILES_A_PROCESS = 200

_VERSION = re.compile(r"\d+\.\d+\S*")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_PLACE = re.compile(r"^ *at (?P<file>/.*):(?P<line>\d+):\d+:?$", re.MULTILINE)
_ERROR = re.compile(r"^error: (.*?)(?=\n\s*\n|\n *at /|\n\(use |\Z)", re.MULTILINE | re.DOTALL)

_HINT = "correct the file, or write it anew: capsule nixos generate --force"


@dataclass(frozen=True)
class _Answer:
    exit_code: int
    stdout: str
    complaint: str


class NixCommand:
    """Implements the NixTool port with `nix-instantiate`; needs no store and no daemon.

    `environment` is where PATH, HOME and the rest come from, `places` the folders to
    look in after PATH. `timeout_seconds` is for one process, which reads up to 200 files.
    """

    def __init__(
        self,
        *,
        environment: Mapping[str, str] | None = None,
        places: Sequence[str] = PLACES,
        timeout_seconds: float = 60.0,
    ) -> None:
        self._environment = dict(os.environ if environment is None else environment)
        self._places = tuple(places)
        self._timeout_seconds = timeout_seconds

    def version(self) -> str | None:
        """Such as `2.28.3`; None when Nix is absent or does not say."""
        if self._program is None:
            return None
        # Other makers put their own version before it: `nix (Determinate Nix 3.8.5) 2.30.2`.
        said = _VERSION.findall(self._ask(["--version"]).stdout)
        return said[-1] if said else None

    def parse(self, files: Sequence[PurePath]) -> Sequence[Finding]:
        """The first syntax error of each file, in the order of the files.

        Nix stops at the first bad file, so this takes one process more for each.
        Raises ToolMissing, and HostError when Nix does not end in time.
        """
        if self._program is None:
            raise ToolMissing("Nix", hint=INSTALL_HINT)
        paths = [str(Path(file).absolute()) for file in files]
        findings: list[Finding] = []
        for start in range(0, len(paths), _FILES_A_PROCESS):
            findings += self._parse_some(paths[start : start + _FILES_A_PROCESS])
        return findings

    def _parse_some(self, paths: Sequence[str]) -> Iterator[Finding]:
        left = list(paths)
        while left:
            answer = self._ask(["--parse", *left], keep_output=False)
            if answer.exit_code == 0:
                return
            bad = _file_of(answer.complaint, left)
            if bad is None:  # Nix names no file: ask about each alone
                if len(left) > 1:
                    for path in left:
                        yield from self._parse_some([path])
                    return
                bad = left[0]
            yield _finding(bad, answer)
            left = left[left.index(bad) + 1 :]

    def _ask(self, arguments: Sequence[str], *, keep_output: bool = True) -> _Answer:
        try:
            with TemporaryDirectory(prefix="capsule-nix-") as scratch:
                return self._run(arguments, scratch, keep_output=keep_output)
        except subprocess.TimeoutExpired as error:
            raise HostError(
                f"nix did not answer within {self._timeout_seconds:g} s",
                hint=f"try: {_PROGRAM} --version",
            ) from error
        except OSError as error:
            raise HostError(f"nix cannot be started: {error.strerror}") from error

    def _run(self, arguments: Sequence[str], scratch: str, *, keep_output: bool) -> _Answer:
        process = subprocess.Popen(
            [self._program or _PROGRAM, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if keep_output else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=self._surroundings(scratch),
            start_new_session=True,
        )
        try:
            stdout, stderr = process.communicate(timeout=self._timeout_seconds)
        finally:
            _end(process)
        return _Answer(
            exit_code=process.returncode,
            stdout=(stdout or b"").decode(errors="replace"),
            complaint=_COLOUR.sub("", stderr.decode(errors="replace")),
        )

    def _surroundings(self, scratch: str) -> dict[str, str]:
        """What Nix sees: no store to open, no colours, and always a home to write to."""
        home = self._environment.get("HOME", "")
        return self._environment | {
            "NIX_REMOTE": "dummy://",
            "NO_COLOR": "1",
            "LC_ALL": "C",
            "HOME": home if is_usable(home) else scratch,
        }

    @cached_property
    def _program(self) -> str | None:
        return find_program(_PROGRAM, self._environment, self._places)


def _file_of(complaint: str, paths: Sequence[str]) -> str | None:
    place = _PLACE.search(complaint)
    return place["file"] if place and place["file"] in paths else None


def _finding(path: str, answer: _Answer) -> Finding:
    place = _PLACE.search(answer.complaint)
    words = _ERROR.search(answer.complaint)
    if words:
        message = " ".join(words[1].split())
    elif answer.exit_code < 0:
        message = f"nix was ended by {signal.Signals(-answer.exit_code).name} while reading it"
    else:
        message = f"nix refused it with exit code {answer.exit_code}"
    return Finding(
        rule="syntax",
        severity=Severity.ERROR,
        message=message,
        file=path,
        line=int(place["line"]) if place and place["file"] == path else None,
        hint=_HINT,
    )


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Nothing of it stays behind, however we got here."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
