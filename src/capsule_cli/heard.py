"""What is told of clouds that were asked: who did not answer, and since when prices moved."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from capsule_cli.output import Output
    from capsule_domain.models.template import Offer
    from capsule_domain.services.market import Heard


def offers_or_worst(out: "Output", heard: "Sequence[Heard]", now: "datetime") -> "Sequence[Offer]":
    """All that is sold, with a word on stderr for each cloud that was not heard.

    Raises the worst of the errors when nothing at all is known.
    """
    from capsule_cli.report import exit_code
    from capsule_domain.services.market import offers_heard

    errors = [one.error for one in heard if one.error]
    if errors and not any(one.prices for one in heard):
        raise max(errors, key=exit_code)
    for one in heard:
        _tell(out, one, now)
    return offers_heard(heard)


def _tell(out: "Output", one: "Heard", now: "datetime") -> None:
    from capsule_cli.ages import age

    if one.trouble:
        out.warn(one.trouble.message)
    if one.error is None:
        return
    told = f"its prices are those of {age(one.prices.asked_at, now)}" if one.prices else "left out"
    out.warn(f"{one.error.message}; {told}")
    if one.error.hint:
        out.advise(one.error.hint)
