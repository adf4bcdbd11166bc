"""Commands by a table: what help lists costs nothing, and what is run is loaded then."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from capsule_cli import options
from capsule_domain.errors import UsageError

Mistake: Any = typer.BadParameter.__mro__[2]
"""What Typer raises for a wrong command line. It has had a public name only since 0.28."""


@dataclass(frozen=True)
class Node:
    """A command, or a group of them. `at` is `module:function` under capsule_cli.commands.

    `help` is the first line of the function's docstring (a test compares them), here
    so that listing commands loads none of them.
    """

    help: str
    at: str | None = None
    children: Mapping[str, "Node"] = field(default_factory=dict)
    dashes: bool = False
    """Whether words may begin with a dash and be no options: `-tag`."""


class _Command(TyperCommand):
    """A command whose help ends with the options that every command takes."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        super().format_options(ctx, formatter)
        _global_options(formatter)


class _Group(TyperGroup):
    """A group that lists its commands from the table, and loads one when it is run."""

    nodes: Mapping[str, Node] = {}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except Mistake as mistake:
            root = ctx.find_root()
            meant = list(_places(root.command.nodes, args[0]))
            if not meant:
                raise
            told = " or ".join(repr(place) for place in meant)
            raise UsageError(
                f"no such command {args[0]!r}; did you mean {told}?",
                hint=f"{root.info_name} {meant[0]} --help",
            ) from mistake

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        return list(self.nodes)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, node.help) for name, node in self.nodes.items()])

    def format_options(self, ctx: Any, formatter: Any) -> None:
        super().format_options(ctx, formatter)
        _global_options(formatter)


def _places(nodes: Mapping[str, Node], name: str) -> Iterator[str]:
    """Where in the tree a command of this name is: `openmesh deploy`."""
    for word, node in nodes.items():
        if word == name:
            yield word
        yield from (f"{word} {place}" for place in _places(node.children, name))


def _global_options(formatter: Any) -> None:
    with formatter.section("Global options"):
        formatter.write_dl(list(options.HELP))


class _Loading(Mapping[str, Any]):
    """Commands by name, each built when it is asked for."""

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self._nodes = nodes

    def __getitem__(self, name: str) -> Any:
        return build(name, self._nodes[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)


def build(name: str, node: Node, *, completion: bool = False) -> Any:
    """The Typer command or group that `node` describes."""
    if not node.children:
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        settings = {"ignore_unknown_options": True} if node.dashes else None
        app.command(name, cls=_Command, context_settings=settings)(load(node))
        return typer.main.get_command(app)
    app = typer.Typer(cls=_Group, add_completion=completion, rich_markup_mode=None)
    bare = load(node) if node.at else _help_alone
    app.callback(invoke_without_command=True, help=node.help)(bare)
    group = typer.main.get_command(app)
    assert isinstance(group, _Group)  # noqa: S101  (Typer made it from `cls`)
    group.name = name
    group.nodes = node.children
    group.commands = _Loading(node.children)  # type: ignore[assignment]
    return group


def load(node: Node) -> Callable[..., Any]:
    """The function that `node` names. It must have one."""
    module, _, function = (node.at or "").partition(":")
    found: Callable[..., Any] = getattr(import_module(f"capsule_cli.commands.{module}"), function)
    return found


def _help_alone(ctx: typer.Context) -> None:
    """A group without a screen of its own shows its help."""
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())
