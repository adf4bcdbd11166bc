"""Help that is noted."""

from collections.abc import Callable, Sequence

from capsule_domain.errors import CapsuleError
from capsule_domain.models.xnode import XNode


class FakeFirstAid:
    """Helps everybody, after it has raised all of `failures`, one at each time. `meanwhile` is
    called while it helps.
    """

    def __init__(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.given: list[str] = []
        self.failures: list[CapsuleError] = []
        self.meanwhile = meanwhile

    def restart_unit(self, xnode: XNode, unit: str, *, deadline_seconds: float) -> None:
        self._give(f"{xnode.name}: restart {unit}")

    def run(self, xnode: XNode, command: Sequence[str], *, deadline_seconds: float) -> None:
        self._give(f"{xnode.name}: run {' '.join(command)}")

    def reboot(self, xnode: XNode) -> None:
        """For who has a cloud do it."""
        self._give(f"{xnode.name}: reboot")

    def _give(self, what: str) -> None:
        self.given.append(what)
        self.meanwhile()
        if self.failures:
            raise self.failures.pop(0)
