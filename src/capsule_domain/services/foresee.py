"""What the history of one xNode lets guess, for who asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from capsule_domain.models.guess import Guess
from capsule_domain.models.history import HourOf
from capsule_domain.models.rule import AlertRule
from capsule_domain.models.watch_plan import OUTLOOK_SECONDS, WatchPlan
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.samples import Samples
from capsule_domain.services.alert_rules import RuleBook, Subject
from capsule_domain.services.outlook import LOOKS_BACK, NAMES, outlook


@dataclass(frozen=True)
class Foresee:
    """Guesses by the rules of the collector, and with its patience.

    A rule waits until what it guesses was guessed again. Nobody waits here: what would have
    been guessed that long ago is worked out as well, so that who asks is told no sooner, and
    no oftener in vain, than whom the collector alerts.
    """

    samples: Samples
    clock: Clock
    plan: WatchPlan

    def of(self, xnode: XNode) -> tuple[Guess, ...]:
        """What may become of it; nothing while too little is known. Raises StoreError."""
        now = self.clock.now()
        rules = [rule for rule in self.plan.rules if rule.quantity.is_guess]
        hours = self.samples.hourly(xnode.id, now - LOOKS_BACK, NAMES) if rules else ()
        found = []
        for rule in rules:
            before = _guessed(rule, xnode, hours, now - timedelta(seconds=_waited_seconds(rule)))
            same = {guess.instance for guess in before}
            # What was not guessed before needs not be worked out for now.
            guesses = _guessed(rule, xnode, hours, now) if same else ()
            found += [guess for guess in guesses if guess.instance in same]
        return tuple(found)


def _waited_seconds(rule: AlertRule) -> float:
    return ceil(rule.timing.for_seconds / OUTLOOK_SECONDS) * OUTLOOK_SECONDS


def _guessed(
    rule: AlertRule, xnode: XNode, hours: Sequence[HourOf], now: datetime
) -> Sequence[Guess]:
    """By one rule, of what was known then."""
    known = [one for one in hours if one.hour <= now]
    figures = outlook(known, now, (rule.quantity,))
    by_instance = {one.instance: one for one in figures.get(rule.quantity, ())}
    subject = Subject(xnode.id, xnode.name, frozenset(xnode.tags))
    found = []
    for _, reading in RuleBook([rule]).readings(subject, figures, {}):
        if reading.level is not None:
            figure = by_instance[reading.key.instance]
            found.append(
                Guess(
                    rule=rule.name,
                    instance=figure.instance,
                    severity=reading.level,
                    value=figure.value,
                    low=figure.low,
                    high=figure.high,
                    message=reading.message,
                )
            )
    return found
