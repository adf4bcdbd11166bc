"""Secrets of channels: asked for unseen, read from stdin, or typed all the same."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from capsule_cli.session import Session
from capsule_domain.errors import UsageError

if TYPE_CHECKING:
    from capsule_domain.models.channels import ChannelSecrets

SECRETS = (
    *("slack-webhook", "webhook-url", "webhook-secret"),
    *("smtp-password", "apprise-url", "heartbeat-url"),
)


def asked_for(
    run: Session, names: Sequence[str], typed: Mapping[str, str]
) -> "ChannelSecrets | None":
    """Those of `names`, from the person or one a line from stdin, and those that were typed."""
    from capsule_domain.services.one_of import one_of

    wanted = [one_of("secret", name, list(SECRETS)) for name in names]
    given = dict(typed)
    if wanted:
        given |= dict(zip(map(_field, wanted), _answers(run, wanted), strict=True))
    if not given:
        return None
    secrets = _checked(given)
    for field in typed:
        option = field.replace("_", "-")
        run.out.warn(f"--{option} URL stays in the shell's history; unseen: --secret {option}")
    return secrets


def _answers(run: Session, wanted: Sequence[str]) -> Sequence[str]:
    if run.ask.can_ask:
        return [run.ask.secret(name) for name in wanted]
    if run.ask.interactive:
        raise UsageError(
            "a secret is asked for, and nobody is to be asked", hint="leave --no-input out"
        )
    lines = run.ask.piped().splitlines()
    if len(lines) != len(wanted):
        count = "1 line" if len(lines) == 1 else f"{len(lines)} lines"
        raise UsageError(
            f"stdin has {count}, and asked for is: {', '.join(wanted)}",
            hint="one line each",
        )
    return lines


def _checked(given: Mapping[str, str]) -> "ChannelSecrets":
    """Raises UsageError, which repeats nothing of a secret."""
    from pydantic import ValidationError

    from capsule_domain.models.channels import ChannelSecrets

    try:
        return ChannelSecrets.model_validate({n: value.strip() for n, value in given.items()})
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        rule = first["msg"].removeprefix("Value error, ")
        option = str(first["loc"][0]).replace("_", "-")
        # Not chained: nobody shall find the secret by way of the error.
        raise UsageError(f"{option}: {rule}") from None


def _field(name: str) -> str:
    return name.replace("-", "_")
