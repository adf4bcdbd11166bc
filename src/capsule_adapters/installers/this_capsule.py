"""This installation of Capsule, found out by what its installer left behind."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from capsule_adapters.installers.program import run_program
from capsule_domain.errors import CommandFailed
from capsule_domain.ports.installation import Means, Origin, Progress

_STAMP = ".capsule-content"
_ASK_SECONDS = 20.0
_MISLEADING = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR")


@dataclass(frozen=True)
class ThisCapsule:
    """Implements the `Installation` port.

    `place` is the environment that runs (sys.prefix), `distribution` what is written
    down of the package there (None: it runs from files that nobody installed, in `files`).
    """

    place: Path
    files: Path
    capsule: str
    distribution: Distribution | None
    environment: Mapping[str, str]

    def origin(self) -> Origin:
        """From PEP 610's record, the installers' stamps and the path."""
        source, editable, archive = self._record()
        means = self._means(source, editable=editable, archive=archive)
        revision, obstacle = None, None
        if means in (Means.SCRIPT, Means.CHECKOUT) and source is not None:
            revision, obstacle = self._checkout(source, script=means is Means.SCRIPT)
        return Origin(
            means=means,
            version=self.capsule,
            place=str(self.place),
            source=str(source) if source else None,
            editable=editable,
            revision=revision,
            obstacle=obstacle,
        )

    def run(self, command: Sequence[str], progress: Progress) -> None:
        """Nobody is asked anything: a program that needs a password fails and says so."""
        run_program(command, self._surroundings(), progress)

    def version(self) -> str:
        """Asked of the program that the installer's link leads to by now."""
        program = self.place / "bin" / "capsule"
        if (self.place / _STAMP).is_file():
            program = self.place.parent.parent / "venv" / "bin" / "capsule"
        said = self._ask([str(program), "--version"])
        if said is None:
            raise CommandFailed(f"{program} does not start", hint=f"{program} --version")
        return said.removeprefix("capsule").strip()

    def _record(self) -> tuple[Path | None, bool, bool]:
        """The folder it was installed from, whether it runs there, whether that was a file."""
        if self.distribution is None:
            return self.files, True, False
        try:
            told = json.loads(self.distribution.read_text("direct_url.json") or "{}")
            parts = urlsplit(told.get("url", ""))
            folder = told.get("dir_info")
        except (ValueError, AttributeError):
            return None, False, False
        if parts.scheme != "file" or not isinstance(folder, dict):
            return None, False, parts.scheme == "file"
        return Path(url2pathname(parts.path)), bool(folder.get("editable")), False

    def _means(self, source: Path | None, *, editable: bool, archive: bool) -> Means:
        if (self.place / _STAMP).is_file():
            return Means.PLANTED if archive else Means.SCRIPT
        if self.place.is_relative_to("/nix/store") or self.files.is_relative_to("/nix/store"):
            return Means.NIX
        if editable and source is not None:
            return Means.CHECKOUT
        if "pipx" in self.place.parts:
            return Means.PIPX
        if self.place.parent.parts[-2:] == ("uv", "tools"):
            return Means.UV
        return Means.PIP

    def _checkout(self, source: Path, *, script: bool) -> tuple[str | None, str | None]:
        """The commit there, and what keeps us from pulling and installing, if anything."""
        if not source.is_dir():
            return None, f"the folder it was installed from, {source}, is gone: get it again, then"
        if script and not (source / "install.sh").is_file():
            return None, f"{source} has no install.sh any more: get Capsule again, then"
        if not _ours(source) or (script and not _ours(source / "install.sh")):
            return None, f"{source} belongs to another user, or others can write it"
        revision = self._git(source, "rev-parse", "--short=12", "HEAD")
        top = self._git(source, "rev-parse", "--show-toplevel")
        if revision is None or top is None or Path(top) != source.resolve():
            return None, f"{source} is no git checkout: put the newer Capsule there, then"
        if self._git(source, "rev-parse", "--abbrev-ref", "@{upstream}") is None:
            return revision, f"the branch in {source} follows no other: pull what you want, then"
        return revision, None

    def _git(self, folder: Path, *words: str) -> str | None:
        return self._ask(["git", "-C", str(folder), *words])

    def _ask(self, command: Sequence[str]) -> str | None:
        """What a program says on stdout; None when it fails or is not there."""
        try:
            done = subprocess.run(
                command,
                env=self._surroundings(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_ASK_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else None

    def _surroundings(self) -> dict[str, str]:
        kept = {name: v for name, v in self.environment.items() if name not in _MISLEADING}
        return kept | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def _ours(path: Path) -> bool:
    """Whether only this user, or root, decides what it holds."""
    found = path.stat()
    return found.st_uid in (os.geteuid(), 0) and not found.st_mode & 0o002
