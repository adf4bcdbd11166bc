"""An expression as a value, as far as it is one without evaluating."""

from collections.abc import Mapping

from capsule_adapters.nix.reading.tree import (
    Attributes,
    Call,
    Expression,
    Function,
    Items,
    Joined,
    Literal,
    Name,
    PathLiteral,
    Scoped,
)
from capsule_domain.models.setting import Kind, Value

Variables = Mapping[str, Expression]
"""What names stand for here, of those that a `let` gave."""

COMPUTED, FUNCTION = Value(kind=Kind.COMPUTED), Value(kind=Kind.FUNCTION)
_KINDS = {bool: Kind.BOOLEAN, int: Kind.INTEGER, float: Kind.FLOAT, str: Kind.TEXT}
_OPTIONAL = frozenset(["optional", "optionals"])


def function_name(call: Call) -> str:
    """`mkIf` of `lib.mkIf` and of `mkIf`; empty for what is not of lib."""
    if not isinstance(call.function, Name):
        return ""
    *before, last = call.function.path
    return last if not before or before[-1] == "lib" else ""


def value_of(expression: Expression, variables: Variables) -> Value:  # noqa: PLR0911
    """The value; COMPUTED, in whole or in part, for what is none."""
    match expression:
        case Literal(value=None, is_text=False):
            return Value(kind=Kind.NULL)
        case Literal(value=said, is_text=is_text):
            return Value(kind=Kind.TEXT if is_text else _KINDS[type(said)], said=said)
        case PathLiteral(text=text):
            return Value(kind=Kind.PATH, said=text)
        case Items(items=items):
            return Value(kind=Kind.LIST, items=tuple(value_of(item, variables) for item in items))
        case Attributes():
            return Value(kind=Kind.SET)
        case Function():
            return FUNCTION
        case Scoped(body=body):
            return value_of(body, variables)
        case Joined(operator="++", parts=parts):
            return _joined(tuple(value_of(part, variables) for part in parts))
        case Call(arguments=(_, given)) if function_name(expression) in _OPTIONAL:
            return _optional(expression, value_of(given, variables))
        case Name(path=(name,)) if name in variables:
            # One name deep: what names stand for can double with each further one.
            return value_of(variables[name], {})
    return COMPUTED


def _joined(parts: tuple[Value, ...]) -> Value:
    items = [
        item for part in parts for item in (part.items if part.kind is Kind.LIST else [COMPUTED])
    ]
    return Value(kind=Kind.LIST, items=tuple(items))


def _optional(call: Call, given: Value) -> Value:
    if function_name(call) == "optional":
        return Value(kind=Kind.LIST, items=(given,))
    return given if given.kind is Kind.LIST else Value(kind=Kind.LIST, items=(COMPUTED,))
