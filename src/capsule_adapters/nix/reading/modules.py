"""Implements the ModuleReader port: files, their imports, and theirs."""

from collections import deque
from collections.abc import Sequence
from os.path import normpath
from pathlib import Path, PurePath

from capsule_adapters.nix.reading.parser import parse
from capsule_adapters.nix.reading.scanner import Unreadable
from capsule_adapters.nix.reading.tree import PathLiteral
from capsule_adapters.nix.reading.walk import Found, walk_flake, walk_module
from capsule_adapters.store.files import read_limited
from capsule_domain.errors import StoreError
from capsule_domain.models.finding import Finding, Severity
from capsule_domain.models.setting import Foreign, Reading, Setting

FLAKE = "flake.nix"
_LIMIT_BYTES = 8 * 2**20
_MOST_FILES = 20_000
_STEPS = 20_000
"""For a small file; a large one may take one for each letter more."""

_Asked = tuple[str, Finding | None]
"""A file, and what to say when it is not there."""


class NixModules:
    """Reads modules without Nix: nothing in them runs, and one that no machine could
    evaluate is read all the same.
    """

    def read(self, roots: Sequence[PurePath]) -> Reading:
        """These files and all that they import, each once."""
        gathered = _Gathered()
        todo: deque[_Asked] = deque((_plain(root), None) for root in roots)
        while todo and len(gathered.files) < _MOST_FILES:
            file, asked_by = todo.popleft()
            if file not in gathered.files:
                gathered.files[file] = None
                todo += gathered.take(file, asked_by)
        return gathered.reading()


class _Gathered:
    def __init__(self) -> None:
        self.files: dict[str, None] = {}
        self._settings: list[Setting] = []
        self._declared: dict[tuple[str, ...], None] = {}
        self._foreign: list[Foreign] = []
        self._findings: list[Finding] = []
        self._computed = 0

    def take(self, file: str, asked_by: Finding | None) -> list[_Asked]:
        """What is in a file; the files that it imports, with what to say when one is absent."""
        text = self._text(file, asked_by)
        if text is None:
            return []
        found = Found(file, steps_left=_STEPS + len(text))
        try:
            tree = parse(text)
            (walk_flake if PurePath(file).name == FLAKE else walk_module)(tree, found)
        except Unreadable:
            # Nix understands it, or has said why not: we only cannot say what it sets.
            self._computed += 1
            return []
        self._settings += found.settings
        self._declared |= dict.fromkeys(found.declared)
        self._foreign += found.foreign
        self._computed += found.computed
        return [_imported(file, path) for path in found.imports]

    def _text(self, file: str, asked_by: Finding | None) -> str | None:
        try:
            content = read_limited(Path(file), _LIMIT_BYTES)
        except StoreError as error:
            self._findings.append(_refused(error.message, file))
            return None
        if content is None:
            self._findings.append(asked_by or _refused("there is no such file", file))
            return None
        if len(content) > _LIMIT_BYTES:
            self._findings.append(_refused("larger than 8 MiB, which no module is", file))
            return None
        return content.decode(errors="replace")

    def reading(self) -> Reading:
        """All of it."""
        return Reading(
            settings=tuple(self._settings),
            declared=tuple(self._declared),
            foreign=tuple(self._foreign),
            findings=tuple(self._findings),
            computed=self._computed,
            files=tuple(self.files),
        )


def _plain(path: PurePath) -> str:
    """The path of the file: of a folder its default.nix, without any `..` in it."""
    file = Path(normpath(Path(path).absolute()))
    try:
        return str(file / "default.nix" if file.is_dir() else file)
    except OSError:
        return str(file)


def _imported(file: str, path: PathLiteral) -> _Asked:
    given = Path(path.text).expanduser() if path.text.startswith("~") else Path(path.text)
    finding = Finding(
        rule="import",
        severity=Severity.ERROR,
        message=f"imports {path.text}, which is not there",
        file=file,
        line=path.line,
        hint="correct the path, or write the file",
    )
    return _plain(Path(file).parent / given), finding


def _refused(message: str, file: str) -> Finding:
    hint = "make it a file that you can read"
    return Finding(rule="file", severity=Severity.ERROR, message=message, file=file, hint=hint)
