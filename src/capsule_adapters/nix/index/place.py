"""Which nixpkgs is the user's own."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from capsule_adapters.nix.evaluation import FEATURES, locked_nixpkgs
from capsule_adapters.nix.literal import nix_literal
from capsule_adapters.nix.process import NixProcess
from capsule_adapters.nix.pulse import Pulse
from capsule_adapters.store.files import read_limited
from capsule_domain.errors import ConfigurationError, NixFailed, StoreError

_COMMIT = re.compile(r"[0-9a-f]{40}")
_LOCK_BYTES = 4 * 2**20
_HINT = "capsule pkg index --nixpkgs FOLDER"
_FETCHING_SECONDS = 1800.0
_DOING = "cannot get nixpkgs"


@dataclass(frozen=True)
class Found:
    """A nixpkgs on this machine: its folder, what it was named by, and its commit if told."""

    folder: str
    source: str
    revision: str | None = None


@dataclass(frozen=True)
class NixpkgsPlace:
    """Looks for the user's own nixpkgs.

    The folder that was given; else the one that `lock`, a flake.lock, names; else `pin`,
    a branch or a commit, downloaded; else `<nixpkgs>`; else `release`, downloaded.
    """

    nix: NixProcess
    folder: str | None
    lock: Path | None
    pin: str | None
    release: str

    def find(self, pulse: Pulse) -> Found:
        """The first of them. Raises ConfigurationError, ToolMissing, NixFailed, HostUnreachable."""
        if self.folder is not None:
            return self._given(Path(self.folder).expanduser().absolute())
        locked = self._locked()
        if locked is not None:
            revision = locked.get("rev")
            return Found(self._fetched(locked, pulse), f"nixpkgs of {self.lock}", revision)
        if self.pin is not None:
            return self._downloaded(self.pin, pulse)
        return self._on_path(pulse) or self._downloaded(self.release, pulse)

    def here(self, pulse: Pulse) -> Found | None:
        """The folder that was given, or `<nixpkgs>`; nothing is downloaded for it."""
        if self.folder is not None:
            return self._given(Path(self.folder).expanduser().absolute())
        return self._on_path(pulse)

    def _given(self, folder: Path) -> Found:
        if not (folder / "default.nix").is_file():
            raise ConfigurationError(f"{folder} is no nixpkgs: it has no default.nix", hint=_HINT)
        return Found(str(folder), str(folder), _revision_in(folder))

    def _locked(self) -> Mapping[str, Any] | None:
        if self.lock is None:
            return None
        content = read_limited(self.lock, _LOCK_BYTES)
        return None if content is None else locked_nixpkgs(content.decode(errors="replace"))[1]

    def _on_path(self, pulse: Pulse) -> Found | None:
        words = ["nix-instantiate", "--find-file", "nixpkgs"]
        try:
            said = self.nix.run(
                words, doing=_DOING, pulse=pulse, own_home=False, timeout_seconds=_FETCHING_SECONDS
            )
        except NixFailed:
            return None  # <nixpkgs> is nowhere
        folder = Path(said.stdout.strip())
        return Found(str(folder), "<nixpkgs>", _revision_in(folder))

    def _downloaded(self, pin: str, pulse: Pulse) -> Found:
        commit = pin if _COMMIT.fullmatch(pin) else None
        which = {"ref": pin} if commit is None else {"rev": pin}
        tree = {"type": "github", "owner": "NixOS", "repo": "nixpkgs", **which}
        return Found(self._fetched(tree, pulse), f"github:NixOS/nixpkgs/{pin}", commit)

    def _fetched(self, tree: Mapping[str, Any], pulse: Pulse) -> str:
        expression = f"(builtins.fetchTree {nix_literal(tree)}).outPath"
        words = ["nix-instantiate", *FEATURES, "--eval", "--json", "--expr", expression]
        said = self.nix.run(words, doing=_DOING, pulse=pulse, timeout_seconds=_FETCHING_SECONDS)
        return _text(said.stdout)


def _text(answer: str) -> str:
    try:
        folder = json.loads(answer)
    except ValueError:
        folder = None
    if not isinstance(folder, str):
        raise NixFailed(f"{_DOING}: nix answered something else than a folder", hint=_HINT)
    return folder


def _revision_in(folder: Path) -> str | None:
    """The commit that a channel notes in its root."""
    try:
        content = read_limited(folder / ".git-revision", 100)
    except StoreError:
        return None
    words: Sequence[str] = (content or b"").decode(errors="replace").split()
    return words[0] if words else None
