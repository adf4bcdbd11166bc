"""The person's shell: its search path, and our lines in its start-up file."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path, PurePath
from shlex import quote

from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import read_limited, write_atomically
from capsule_domain.errors import ConfigurationError, StoreError

BEGIN, END = "# >>> capsule packages >>>", "# <<< capsule packages <<<"
"""Not the markers of install.sh, whose lines come and go with Capsule itself."""

_BLOCK = re.compile(rb"^%b\n.*?^%b\n" % (BEGIN.encode(), END.encode()), re.MULTILINE | re.DOTALL)
_LIMIT_BYTES = 16 * 2**20
_NEW_FILE_MODE = 0o644


class ShellSearchPath:
    """Implements SearchPath for the shell that SHELL of `environment` names."""

    def __init__(self, environment: Mapping[str, str], *, platform: str = sys.platform) -> None:
        self._environment = environment
        self._platform = platform

    def holds(self, folder: PurePath) -> bool:
        """Whether PATH names `folder`."""
        return str(folder) in self._environment.get("PATH", "").split(":")

    def start_up_file(self) -> Path:
        """Where install.sh would write too. Raises ConfigurationError without a HOME."""
        home = self._environment.get("HOME")
        if not home:
            raise ConfigurationError("HOME is not set", hint="export HOME=…")
        match self._shell():
            case "zsh":
                return Path(self._environment.get("ZDOTDIR") or home, ".zshrc")
            case "fish":
                base = self._environment.get("XDG_CONFIG_HOME") or f"{home}/.config"
                return Path(base, "fish", "config.fish")
            case "bash":
                return Path(home, ".bash_profile" if self._platform == "darwin" else ".bashrc")
            case _:
                return Path(home, ".profile")

    def line(self, folder: PurePath) -> str:
        """In the shell's own words. Raises ConfigurationError for what PATH cannot hold."""
        text = str(folder)
        if ":" in text or not text.isprintable():
            raise ConfigurationError(
                f"{text!r} cannot stand on PATH", hint="capsule --home DIR, with plain letters"
            )
        if self._shell() == "fish":
            escaped = text.replace("\\", "\\\\").replace("'", "\\'")
            return f"fish_add_path '{escaped}'"
        return f'export PATH={quote(text)}:"$PATH"'

    def is_written(self, folder: PurePath) -> bool:
        """Whether exactly our block is there."""
        return self._block(folder) in (read_limited(self.start_up_file(), _LIMIT_BYTES) or b"")

    def add(self, folder: PurePath) -> bool:
        """Our block, in the place of the one that is there, or at the end of the file."""
        file = self.start_up_file()
        block = self._block(folder)
        with reporting("make the folder", file.parent):
            file.parent.mkdir(parents=True, exist_ok=True)
        there = read_limited(file, _LIMIT_BYTES)
        before = there or b""
        if len(before) > _LIMIT_BYTES:
            raise StoreError(f"{file} is too large for a start-up file", hint=f"ls -l {file}")
        if _BLOCK.search(before):
            after = _BLOCK.sub(lambda _: block, before, count=1)
        else:
            gap = b"" if before.endswith(b"\n") or not before else b"\n"
            after = before + gap + block
        if after == before:
            return False
        write_atomically(file, after, mode=_NEW_FILE_MODE if there is None else None)
        return True

    def _block(self, folder: PurePath) -> bytes:
        return f"{BEGIN}\n{self.line(folder)}\n{END}\n".encode()

    def _shell(self) -> str:
        return PurePath(self._environment.get("SHELL") or "sh").name
