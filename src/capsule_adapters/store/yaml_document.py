"""Hand-edited YAML, read with suspicion: every fault has its file and line."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from capsule_adapters.store.files import read_limited
from capsule_adapters.store.prefixes import storable
from capsule_domain.errors import ConfigurationError

if TYPE_CHECKING:
    import yaml

LIMIT_BYTES = 1_000_000
_DEEPEST = 32
_PLAIN = "tag:yaml.org,2002:"
_KINDS = ("null", "bool", "int", "float", "str", "timestamp")

Place = tuple[str | int, ...]
"""The way to a value: keys and positions from the top."""


@dataclass(frozen=True)
class Document:
    """A YAML file's text and what it says, with the line of everything in it.

    `sensitive`: the file holds secrets, so no fault may quote from it.
    """

    file: Path
    text: str
    values: dict[str, Any]
    lines: dict[Place, int]
    """Line (from 1) of each key and list item."""
    sensitive: bool = False

    def line(self, place: Place) -> int | None:
        """The line of `place`, or of the nearest thing around it that has one."""
        for length in range(len(place), 0, -1):
            if place[:length] in self.lines:
                return self.lines[place[:length]]
        return 1 if self.values else None

    def part(self, key: str) -> "Document":
        """What stands under the top-level `key`, a mapping, as a document of its own."""
        lines = {place[1:]: line for place, line in self.lines.items() if place[:1] == (key,)}
        return replace(self, values=self.values[key], lines=lines)


def read_document(file: Path, *, sensitive: bool = False) -> Document | None:
    """The file's mapping; None when there is no file. An empty file is an empty mapping.

    Refused with ConfigurationError: more than 1 MB, what is not UTF-8 or not YAML,
    anchors and aliases (a small file could be made to fill the memory), duplicate
    keys, tags, and anything but a mapping. Raises StoreError when it cannot be read.
    """
    content = read_limited(file, LIMIT_BYTES)
    if content is None:
        return None
    if len(content) > LIMIT_BYTES:
        raise ConfigurationError("larger than 1 MB", file=str(file))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationError("not UTF-8 text", file=str(file), line=line) from None
    return parse_document(file, text, sensitive=sensitive)


def parse_document(file: Path, text: str, *, sensitive: bool = False) -> Document:
    """What `text`, the content of `file`, says. Raises ConfigurationError."""
    reader = _Reader(file, sensitive=sensitive)
    root = reader.root(text)
    values = {} if root is None else reader.mapping(root, ())
    return Document(file, text, values, reader.lines, sensitive)


def _loader() -> "type[yaml.SafeLoader | yaml.CSafeLoader]":
    """libyaml's loader where PyYAML has it: ten times as fast."""
    import yaml

    return yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


class _Reader:
    """Walks one YAML text and notes lines on the way."""

    def __init__(self, file: Path, *, sensitive: bool) -> None:
        self.file = file
        self.sensitive = sensitive
        self.lines: dict[Place, int] = {}

    def root(self, text: str) -> "yaml.MappingNode | None":
        """The top of the only document, or None when there is nothing but comments."""
        import yaml

        with self._syntax_errors():
            self._refuse_tricks(yaml.parse(text, Loader=_loader()))
            node = yaml.compose(text, Loader=_loader())
        if node is None or node.value == "":
            return None
        if not isinstance(node, yaml.MappingNode):
            raise self._fault("not a mapping: expected lines such as `key: value`", node)
        return node

    def mapping(self, node: "yaml.MappingNode", place: Place) -> dict[str, Any]:
        """The mapping's values by key."""
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node)
            if key in found:
                what = "a key" if self.sensitive else f"the key '{key}'"
                raise self._fault(f"{what} stands here a second time", key_node)
            self.lines[*place, key] = _line(key_node)
            found[key] = self._value(value_node, (*place, key))
        return found

    def _key(self, node: "yaml.Node") -> str:
        import yaml

        if not isinstance(node, yaml.ScalarNode):
            raise self._fault("a key must be a word", node)
        return str(node.value)

    def _value(self, node: "yaml.Node", place: Place) -> Any:
        import yaml

        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            for position, item in enumerate(node.value):
                self.lines[*place, position] = _line(item)
            return [self._value(item, (*place, i)) for i, item in enumerate(node.value)]
        return self._scalar(node)

    def _scalar(self, node: "yaml.Node") -> Any:
        """A scalar as YAML 1.1 reads it, except that a date stays the text that it is."""
        import yaml

        kind = node.tag.removeprefix(_PLAIN)
        if kind not in _KINDS:
            raise self._fault("a tag (`!…`) is not allowed; put the value in quotes", node)
        if not storable(str(node.value)):
            raise self._fault("half a surrogate pair is not text", node)
        if kind in ("str", "timestamp"):
            return str(node.value)
        try:
            return yaml.SafeLoader("").construct_object(node)
        except (ValueError, KeyError, yaml.YAMLError):
            raise self._fault("not a value that YAML knows; put it in quotes", node) from None

    def _refuse_tricks(self, events: "Iterator[yaml.Event]") -> None:
        """Look at the events before anything is built from them."""
        import yaml

        depth = documents = 0
        for event in events:
            documents += isinstance(event, yaml.DocumentStartEvent)
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if getattr(event, "anchor", None) is not None:
                raise self._fault("anchors and aliases (`&…`, `*…`) are not allowed", event)
            if depth > _DEEPEST:
                raise self._fault(f"nested more than {_DEEPEST} deep", event)
            if documents > 1:
                raise self._fault("a second document (`---`) is not allowed", event)

    @contextmanager
    def _syntax_errors(self) -> Iterator[None]:
        import yaml

        try:
            yield
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            problem = "not valid YAML" if self.sensitive else f"not valid YAML: {error.problem}"
            line = None if mark is None else mark.line + 1
            # Not chained: PyYAML's errors quote the text, which may be a secret.
            raise ConfigurationError(problem, file=str(self.file), line=line) from None
        except yaml.YAMLError:
            raise ConfigurationError(
                "not valid YAML: it holds characters that are not text", file=str(self.file)
            ) from None

    def _fault(self, message: str, node: "yaml.Node | yaml.Event") -> ConfigurationError:
        return ConfigurationError(message, file=str(self.file), line=_line(node))


def _line(node: "yaml.Node | yaml.Event") -> int:
    return node.start_mark.line + 1 if node.start_mark is not None else 1
