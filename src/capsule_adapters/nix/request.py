"""What systems.nix is asked: a file with JSON, so that no value has to become Nix."""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from capsule_domain.models.systems import SystemsSource


@contextmanager
def asking(source: SystemsSource, nixpkgs: str | None, **more: object) -> Iterator[Sequence[str]]:
    """The last words of a command line that asks systems.nix."""
    with (
        TemporaryDirectory(prefix="capsule-systems-") as scratch,
        as_file(files("capsule_adapters.nix") / "systems.nix") as expression,
    ):
        url = _url(source, Path(scratch))
        file = Path(scratch, "request.json")
        file.write_text(json.dumps({**request(source, nixpkgs, **more), "url": url}))
        yield ["--argstr", "request", str(file), str(expression)]


def request(source: SystemsSource, nixpkgs: str | None, **more: object) -> dict[str, object]:
    """What systems.nix reads, for a flake whose folder has a plain name."""
    return {
        "nixpkgs": nixpkgs,
        "flake": source.flake,
        "url": f"path:{source.flake}" if source.flake and source.locked else None,
        "files": source.files,
        "done": [],
        "most": 1,
        **more,
    }


def _url(source: SystemsSource, scratch: Path) -> str | None:
    """How a locked flake is called; old versions of Nix take no quoted name, so it has none."""
    if source.flake is None or not source.locked:
        return None
    if quote(source.flake) == source.flake:
        return f"path:{source.flake}"
    copied = shutil.copytree(source.flake, scratch / "flake", symlinks=True)
    return f"path:{copied}"
