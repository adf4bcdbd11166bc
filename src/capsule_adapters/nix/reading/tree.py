"""Nix as a tree, as much of it as says what a module sets."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Expression:
    """Anything; as itself it is what only evaluating would tell. `line` is where it begins."""

    line: int
    text: str = ""
    """How the file has it, for what is no literal; shortened."""


@dataclass(frozen=True)
class Literal(Expression):
    """A string (None when a part of it is computed), number, boolean or null."""

    value: str | int | float | bool | None = None
    is_text: bool = False


@dataclass(frozen=True)
class PathLiteral(Expression):
    """`./a.nix`, `/etc/x`, `~/x`; `text` is the path."""


@dataclass(frozen=True)
class Name(Expression):
    """`pkgs`, `lib.mkIf`: names between dots."""

    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class Items(Expression):
    """A list."""

    items: tuple[Expression, ...] = ()


@dataclass(frozen=True)
class Binding:
    """`a.b = value;`: None is a name that is computed."""

    path: tuple[str | None, ...]
    value: Expression
    line: int


@dataclass(frozen=True)
class Attributes(Expression):
    """An attribute set."""

    bindings: tuple[Binding, ...] = ()


@dataclass(frozen=True)
class Call(Expression):
    """A function and what it is given."""

    function: Expression = Expression(0)
    arguments: tuple[Expression, ...] = ()


@dataclass(frozen=True)
class Function(Expression):
    """`names` are what its body sees of its argument."""

    names: frozenset[str] = frozenset()
    body: Expression = Expression(0)


@dataclass(frozen=True)
class Let(Expression):
    """Bindings, and the body that sees them."""

    bindings: tuple[Binding, ...] = ()
    body: Expression = Expression(0)


@dataclass(frozen=True)
class Choice(Expression):
    """`if … then … else …`: either."""

    either: tuple[Expression, Expression] = (Expression(0), Expression(0))


@dataclass(frozen=True)
class Joined(Expression):
    """`a // b` or `a ++ b`: all of them."""

    operator: str = "//"
    parts: tuple[Expression, ...] = ()


@dataclass(frozen=True)
class Scoped(Expression):
    """`with x; body` and `assert x; body`: the body."""

    body: Expression = Expression(0)
