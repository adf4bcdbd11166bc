"""The options of NixOS and of a configuration's own modules, found by path."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from capsule_domain.models.option_path import join_option, split_option
from capsule_domain.models.package import NixosOption
from capsule_domain.ports.package_index import PackageIndex

Path = tuple[str | None, ...]

OWN = "anything"
"""The type of an option that the configuration's own modules declare: theirs to judge."""


@dataclass
class Node:
    """A name in the tree: an option, or a set of them, or both for one with a submodule."""

    option: NixosOption | None = None
    children: "dict[str, Node]" = field(default_factory=dict)
    any_name: "Node | None" = None

    def add(self, path: Iterable[str], option: NixosOption) -> None:
        """Put an option below this node."""
        node = self
        for name in path:
            if name == "*" or name.startswith("<"):
                node.any_name = node.any_name or Node()
                node = node.any_name
            else:
                node = node.children.setdefault(name, Node())
        node.option = option


@dataclass(frozen=True)
class Match:
    """How far a path leads: `known` names of it, to `node`; `option` is the last on the way.

    `option_depth` is how many names lead to that option.
    """

    node: Node
    known: int
    option: NixosOption | None
    option_depth: int


class OptionTree:
    """What there is to set: of an index, and of the paths that are `declared` beside it."""

    def __init__(self, index: PackageIndex, declared: Iterable[tuple[str, ...]] = ()) -> None:
        self._index = index
        self._root = Node()
        self._loaded: dict[tuple[str, ...], bool] = {}
        for path in declared:
            self._root.add(path, NixosOption(name=join_option(path), kind=OWN))

    def find(self, path: Path) -> Match:
        """The option at `path`, or as far as there is one."""
        self._load(path)
        return _walk(self._root, path, Match(self._root, 0, None, 0))

    def beside(self, path: Path) -> list[str]:
        """The names that may stand behind `path`."""
        names = set(_walk(self._root, path, Match(self._root, 0, None, 0)).node.children)
        return sorted(names | set(self._index.options_beside(join_option(path) if path else "")))

    def _load(self, path: Path) -> None:
        """By two names where that finds something: all of `services` are too many to read."""
        if path[0] is None:
            return
        is_found = len(path) > 1 and path[1] is not None and self._read((path[0], path[1]))
        if not is_found:
            self._read((path[0],))

    def _read(self, start: tuple[str, ...]) -> bool:
        """Whether there are options below `start`; they are in the tree then."""
        if start not in self._loaded:
            options = self._index.options_below(join_option(start))
            self._loaded[start] = bool(options)
            for option in options:
                self._root.add(split_option(option.name), option)
        return self._loaded[start]


def _walk(node: Node, path: Path, so_far: Match) -> Match:
    """The deepest match; a name of its own comes before one that stands for any."""
    if node.option is not None:
        so_far = Match(node, so_far.known, node.option, so_far.known)
    else:
        so_far = Match(node, so_far.known, so_far.option, so_far.option_depth)
    if not path:
        return so_far
    first, rest = path[0], path[1:]
    next_nodes = [node.children.get(first) if first is not None else None, node.any_name]
    best = so_far
    for child in next_nodes:
        if child is not None:
            step = Match(child, so_far.known + 1, so_far.option, so_far.option_depth)
            found = _walk(child, rest, step)
            if found.known > best.known:
                best = found
    return best
