"""Capsule's own key, with which it signs what it builds for machines that trust nobody else."""

import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from capsule_adapters.nix.building import words
from capsule_adapters.nix.building.here import silent
from capsule_adapters.nix.process import NixProcess
from capsule_adapters.nix.stage import staged
from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import read_limited
from capsule_domain.errors import StoreError

_SECRET, _PUBLIC = "secret", "public"
_LIMIT_BYTES = 4096


@dataclass(frozen=True)
class SigningKey:
    """A key pair in `folder`, made by Nix when it is first asked for. The secret is never shown,
    and Nix is told where it is, not what it is.
    """

    folder: Path
    nix: NixProcess

    def public(self) -> str:
        """`name:base64`. Raises ToolMissing, NixFailed, StoreError."""
        if (found := self.known()) is not None:
            return found
        with staged(self.folder.parent) as stage:
            pair = stage / "pair"
            with reporting("write into", stage):
                pair.mkdir(mode=0o700)
            name = f"capsule-{secrets.token_hex(4)}"
            self.nix.run(
                words.make_key(name, str(pair / _SECRET), str(pair / _PUBLIC)),
                doing="cannot make a key to sign with",
                pulse=silent(),
            )
            with reporting("write", self.folder):
                (pair / _SECRET).chmod(0o600)
                # Two at once: whose pair is there first is the key of both.
                with suppress(OSError):
                    pair.rename(self.folder)
        if (made := self.known()) is None:
            raise StoreError(
                f"{self.folder} holds no key to sign with", hint=f"ls -l {self.folder}"
            )
        return made

    def known(self) -> str | None:
        """The public half, when there is a pair."""
        with reporting("read", self.folder):
            content = read_limited(self.folder / _PUBLIC, _LIMIT_BYTES)
        return content.decode("ascii", "replace").strip() if content else None

    @property
    def secret_file(self) -> str:
        """Where the secret half is, for Nix to read."""
        return str(self.folder / _SECRET)
