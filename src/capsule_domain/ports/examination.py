"""Looking at this machine, the home and the clouds, to see what is wrong."""

from collections.abc import Sequence
from typing import Protocol

from capsule_domain.models.diagnosis import Diagnosis


class Examination(Protocol):
    """Everything that `doctor` looks at, side by side.

    It raises nothing and never hangs: a check that fails, or does not end in its time,
    is a diagnosis itself. Nothing is changed by looking.
    """

    def run(self, *, offline: bool = False) -> Sequence[Diagnosis]:
        """At least one diagnosis of each thing; with `offline` no network is used."""
