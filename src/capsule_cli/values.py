"""Values from words on the command line; what does not hold is a usage error."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from capsule_domain.errors import UsageError

Value = TypeVar("Value", bound=BaseModel)


def made(kind: type[Value], **fields: object) -> Value:
    """`kind(**fields)`. Raises UsageError that names the option and the rule."""
    try:
        return kind(**fields)
    except ValidationError as error:
        first = error.errors()[0]
        option = str(first["loc"][0]).replace("_", "-") if first["loc"] else "value"
        rule = first["msg"].removeprefix("Value error, ")
        shown = repr(first["input"])
        if len(shown) > 60:
            shown = f"{shown[:57]}…'"
        raise UsageError(f"{option} {shown}: {rule[:1].lower()}{rule[1:]}") from error


def listed(text: str | None) -> tuple[str, ...]:
    """`a,b, c` as its parts, without the empty ones."""
    return tuple(part for part in (p.strip() for p in (text or "").split(",")) if part)
