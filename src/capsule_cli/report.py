"""From an error to its exit code, its word in JSON, and its lines on the screen."""

import json
import re
from collections.abc import Iterable
from typing import Final

from capsule_cli.options import again
from capsule_cli.output import Output
from capsule_domain import errors

BUG: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 130
CLOSED_PIPE: Final = 141
TERMINATED: Final = 143

EXIT_CODES: Final[dict[type[errors.CapsuleError], int]] = {
    errors.UsageError: USAGE,
    errors.Declined: INTERRUPTED,
    errors.ConfigurationError: 3,
    errors.NotFound: 4,
    errors.Conflict: 5,
    errors.ProviderError: 6,
    errors.ProviderUnavailable: 7,
    errors.HostError: 8,
    errors.ActivationFailed: 9,
    errors.CheckFailed: 10,
    errors.RollbackFailed: 11,
    errors.OutcomeUnknown: 12,
    errors.StoreError: 13,
}
"""One row a family; a class without a row of its own has its nearest ancestor's."""


def exit_code(error: errors.CapsuleError) -> int:
    """The exit code of `error`, looked up along its class's ancestors."""
    return next((EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES), BUG)


def end_with_the_worst(results: Iterable[errors.CapsuleError | None]) -> None:
    """The end of a command on many: None is one that went well. Raises typer.Exit for the
    highest code, if there is any.
    """
    import typer

    codes = [exit_code(error) for error in results if error is not None]
    if codes:
        raise typer.Exit(max(codes))


def word(error: errors.CapsuleError) -> str:
    """The error's code in JSON: the class's name in snake case, such as `not_found`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()


def body(error: errors.CapsuleError, out: Output) -> dict[str, str | int | None]:
    """The error as an object, for JSON."""
    return _body(out, word(error), exit_code(error), error.message, error.hint)


def _body(
    out: Output, word: str, code: int, message: str, hint: str | None
) -> dict[str, str | int | None]:
    remedy = again(hint, out.program) if hint else None
    return {"code": word, "exit": code, "message": message, "hint": remedy}


def report(error: errors.CapsuleError, out: Output) -> int:
    """Show `error` on stderr; returns the exit code."""
    code = exit_code(error)
    show(out, word=word(error), code=code, message=error.message, hint=error.hint)
    return code


def show(out: Output, *, word: str, code: int, message: str, hint: str | None) -> None:
    """An error as one JSON object, or as one line and its remedy."""
    if out.json:
        told = {"error": _body(out, word, code, message, hint)}
        out.stderr.write(json.dumps(told, ensure_ascii=False) + "\n")
        return
    out.complain(message, hint)
