"""This Capsule as a wheel, made of the files that run."""

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path

from capsule_adapters.presets.root import presets_root
from capsule_domain.errors import StoreError

DISTRIBUTION = "capsule-xnode"
PACKAGES = ("capsule_domain", "capsule_adapters", "capsule_cli")
PRESETS = "capsule_adapters/presets/data"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_WHEEL = "Wheel-Version: 1.0\nGenerator: capsule\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_HINT = "install Capsule again: ./install.sh"


def wheel() -> tuple[str, str, bytes]:
    """Its file name, the version and the content: the same files give the same bytes.

    Raises StoreError when this installation is not whole.
    """
    try:
        installed = distribution(DISTRIBUTION)
    except PackageNotFoundError as error:
        raise StoreError("this Capsule is not installed, but run as files", hint=_HINT) from error
    version = installed.version
    stem = f"{DISTRIBUTION.replace('-', '_')}-{version}"
    files = {**dict(_package_files()), **_metadata(installed, f"{stem}.dist-info")}
    record = f"{stem}.dist-info/RECORD"
    files[record] = _record(files, record)
    return f"{stem}-py3-none-any.whl", version, _zipped(files)


def _package_files() -> Iterator[tuple[str, bytes]]:
    for package in PACKAGES:
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise StoreError(f"the package {package} of this Capsule is missing", hint=_HINT)
        yield from _below(Path(spec.origin).parent, package)
    yield from _below(presets_root(), PRESETS)


def _below(folder: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        inside = f"{name}/{entry.name}"
        if entry.name.startswith(".") or entry.name == "__pycache__":
            continue
        if entry.is_dir():
            yield from _below(entry, inside)
        elif not entry.name.endswith((".pyc", ".so")):
            yield inside, entry.read_bytes()


def _metadata(installed: Distribution, folder: str) -> Mapping[str, bytes]:
    texts = {name: installed.read_text(name) for name in ("METADATA", "entry_points.txt")}
    missing = [name for name, text in texts.items() if not text]
    if missing:
        raise StoreError(f"this installation of Capsule has no {missing[0]}", hint=_HINT)
    named = {f"{folder}/{name}": (text or "").encode() for name, text in texts.items()}
    return {**named, f"{folder}/WHEEL": _WHEEL.encode()}


def _record(files: Mapping[str, bytes], own: str) -> bytes:
    lines = []
    for name in sorted(files):
        digest = base64.urlsafe_b64encode(hashlib.sha256(files[name]).digest()).rstrip(b"=")
        lines.append(f"{name},sha256={digest.decode()},{len(files[name])}\n")
    return "".join([*lines, f"{own},,\n"]).encode()


def _zipped(files: Mapping[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name])
    return content.getvalue()
