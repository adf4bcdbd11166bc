"""Real Nix without a network: a store of the test's own, and flakes that need no nixpkgs."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from capsule_adapters.nix.literal import nix_literal
from tests.tools import needs_tool

_SYSTEMS = ("aarch64-darwin", "aarch64-linux", "x86_64-linux")
_FOLDERS = {"STORE": "store", "STATE": "state", "LOG": "log", "CONF": "conf", "DATA": "data"}


def offline_nix(folder: Path) -> dict[str, str]:
    """What makes Nix work inside `folder` alone, over this process's environment."""
    needs_tool("nix")
    folders = {f"NIX_{kind}_DIR": str(folder / "nix" / name) for kind, name in _FOLDERS.items()}
    conf = folder / "nix" / "conf"
    conf.mkdir(parents=True)
    lines = ("sandbox = false", "build-users-group =", "substituters =", "download-attempts = 1")
    (conf / "nix.conf").write_text("\n".join(lines) + "\n")
    (folder / "tmp").mkdir(mode=0o1777)  # builds that are killed leave their folders
    own = {**folders, "TMPDIR": str(folder / "tmp")}
    return {**own, "NIX_REMOTE": "", "NIX_PATH": "", "NIX_USER_CONF_FILES": ""}


def tiny_flake(name: str, *, script: str = "") -> str:
    """A flake whose default package is a folder with `bin/NAME`; `script` runs before."""
    shell = f"{script}\n/bin/mkdir -p $out/bin; echo {name} > $out/bin/{name}"
    return f"""{{
  outputs = {{ self }}: {{
    packages = builtins.listToAttrs (map (system: {{
      name = system;
      value.default = derivation {{
        name = "capsule-{name}";
        inherit system;
        builder = "/bin/sh";
        args = [ "-c" {nix_literal(shell)} ];
      }};
    }}) {nix_literal(_SYSTEMS)});
  }};
}}
"""


_TINY = Path(__file__).with_name("tiny_nixpkgs")


@dataclass(frozen=True)
class TinyNixpkgs:
    """A nixpkgs of a few packages in a folder, with as much of lib as the flakes use."""

    folder: Path

    @classmethod
    def at(cls, folder: Path, packages: Iterable[str], **about: dict[str, object]) -> "TinyNixpkgs":
        """`about` has `version`, `script`, `meta` or `removed` of the packages it names."""
        shutil.copytree(_TINY, folder)
        told = {**{name: {} for name in packages}, **about}
        (folder / "packages.json").write_text(json.dumps(told))
        return cls(folder)

    def locked(self) -> dict[str, object]:
        """How a flake.lock names it."""
        done = subprocess.run(
            ["nix", "--extra-experimental-features", "nix-command", "hash", "path", "."],
            cwd=self.folder,
            env={**os.environ, "NIX_REMOTE": "dummy://"},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return {"narHash": done.stdout.strip(), "path": str(self.folder), "type": "path"}

    def lock(self, file: Path, branch: str = "nixos-26.05") -> None:
        """Write a flake.lock that leads here from the nixpkgs that Capsule's flakes name."""
        original = {"owner": "NixOS", "ref": branch, "repo": "nixpkgs", "type": "github"}
        nodes = {
            "nixpkgs": {"locked": self.locked(), "original": original},
            "root": {"inputs": {"nixpkgs": "nixpkgs"}},
        }
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"nodes": nodes, "root": "root", "version": 7}))
