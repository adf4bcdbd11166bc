"""Profiles as text, in the form of their files."""

import errno
import os
from pathlib import Path

from capsule_adapters.store.choices import YamlChoices
from capsule_adapters.store.faults import reporting
from capsule_adapters.store.files import make_private_folder, read_limited, write_atomically
from capsule_adapters.store.profile_file import SUFFIX, file_values, profile_called
from capsule_adapters.store.yaml_document import LIMIT_BYTES, parse_document
from capsule_adapters.store.yaml_edit import edited, fresh
from capsule_domain.errors import ConfigurationError, Conflict, NotFound
from capsule_domain.models.profile import Profile


class YamlProfileTexts:
    """`ProfileTexts` over configs/<profile>.yml of the home that `choices` is over."""

    def __init__(self, home: Path, choices: YamlChoices) -> None:
        self._configs = home / "configs"
        self._choices = choices

    def of_file(self, name: str) -> str | None:
        """The user's own file as it is; bytes that are no UTF-8 are half surrogate pairs."""
        if name not in self._choices.profile_names():
            return None
        content = read_limited(self._file(name), LIMIT_BYTES)
        if content is not None and len(content) > LIMIT_BYTES:
            raise _too_large(str(self._file(name)))
        return None if content is None else content.decode("utf-8-sig", "surrogateescape")

    def written(self, profile: Profile) -> str:
        """`profile` as it would be written into a new file."""
        return fresh(file_values(profile))

    def read(self, text: str, *, name: str, source: str, renamed: bool = False) -> Profile:
        """The profile that `text` says, called `name`; with `renamed` whatever it says."""
        content = text.encode("utf-8", "surrogateescape")
        document = parse_document(Path(source), _text(content, source))
        return profile_called(name, document, renamed=renamed)

    def line_of(self, text: str, word: str) -> int | None:
        """The line of the first value, or item of a list, that is `word`."""
        document = parse_document(Path("text"), text)
        for key, value in document.values.items():
            if value == word:
                return document.line((key,))
            if isinstance(value, list) and word in value:
                return document.line((key, value.index(word)))
        return None

    def save(self, name: str, text: str) -> None:
        """Make `text` the user's own file, atomically and under the lock."""
        with self._choices.changing():
            make_private_folder(self._configs)
            document = parse_document(self._file(name), text)
            if document.values.get("name") not in (None, name):
                text = edited(document, document.values | {"name": name})
            write_atomically(self._file(name), text.encode())

    def keep_aside(self, name: str, text: str) -> str:
        """Keep `text` as `<file>.rejected`; one that is there already is replaced."""
        aside = self._file(name).with_suffix(f"{SUFFIX}.rejected")
        make_private_folder(self._configs)
        write_atomically(aside, text.encode("utf-8", "surrogateescape"))
        return str(aside)

    def load(self, path: str) -> str:
        """A file of the person's, anywhere: 1 MB of UTF-8 at most. Raises NotFound."""
        file = Path(path).expanduser()
        content = read_limited(file, LIMIT_BYTES)
        if content is None:
            raise NotFound("file", path)
        return _text(content, path)

    def store(self, path: str, text: str, *, replace: bool) -> str:
        """Write `text` to a file anywhere, 0600 when new; returns the absolute path."""
        file = Path(path).expanduser().absolute()
        with reporting("write", file):
            if not replace and os.path.lexists(file):
                raise Conflict(f"{file} is there already", hint="another --output, or --force")
            if not file.parent.is_dir():
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        write_atomically(file, text.encode())
        return str(file)

    def _file(self, name: str) -> Path:
        return self._configs / f"{name}{SUFFIX}"


def _text(content: bytes, source: str) -> str:
    if len(content) > LIMIT_BYTES:
        raise _too_large(source)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationError("not UTF-8 text", file=source, line=line) from None


def _too_large(source: str) -> ConfigurationError:
    return ConfigurationError("larger than 1 MB", file=source)
