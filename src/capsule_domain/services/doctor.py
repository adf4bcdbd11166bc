"""Doctor: what is wrong here, and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass

from capsule_domain.models.diagnosis import Diagnosis, Verdict
from capsule_domain.ports.examination import Examination

ORDER = (
    "python",
    "terminal",
    "path",
    "nix",
    "nix-store",
    "configuration",
    "state",
    "permissions",
    "disk",
    "ssh",
    "ssh-agent",
    "ssh-keys",
    "known-hosts",
    "cloud",
    "clock",
    "sandbox",
)
"""How a person reads it: the machine, the home, the way to others."""

_PLACES = {rule: place for place, rule in enumerate(ORDER)}


@dataclass(frozen=True)
class Doctor:
    """Examines, and puts what was found into the order in which it is read."""

    examination: Examination

    def run(self, *, offline: bool = False) -> list[Diagnosis]:
        """Every diagnosis, by rule; one that ORDER does not know stands last."""
        found = self.examination.run(offline=offline)
        return sorted(found, key=lambda one: _PLACES.get(one.rule, len(_PLACES)))


def is_ill(found: Sequence[Diagnosis]) -> bool:
    """Whether something has to be set right before Capsule can do all it does."""
    return any(one.verdict is Verdict.ERROR for one in found)
