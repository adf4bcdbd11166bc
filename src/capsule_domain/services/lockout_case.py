"""What the rules against lock-out look at, and what they say."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from capsule_domain.models.evaluated_system import EvaluatedSystem
from capsule_domain.models.finding import Severity
from capsule_domain.models.live_system import LiveSystem
from capsule_domain.models.secret import Leak


@dataclass(frozen=True)
class Case:
    """A machine as it is and as it would be.

    `fingerprints` (`SHA256:…`) are of keys that we log in with, as far as they are known;
    `via_reboot`: it is to be started into the new system.
    """

    live: LiveSystem
    new: EvaluatedSystem
    fingerprints: frozenset[str] = frozenset()
    leaks: Sequence[Leak] = ()
    via_reboot: bool = False


@dataclass(frozen=True)
class Worry:
    """One line for a person, and the remedy."""

    message: str
    hint: str
    severity: Severity = Severity.ERROR


def doubt(message: str, hint: str) -> Worry:
    """What is not known, or does no harm by itself."""
    return Worry(message, hint, Severity.WARNING)


@dataclass(frozen=True)
class Rule:
    """A rule by its two names. `always`: nobody can allow what it forbids."""

    number: str
    name: str
    judge: Callable[[Case], Iterator[Worry]]
    always: bool = False
