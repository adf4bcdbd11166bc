"""Who watches over the collector, and where it asks whether it is alone."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from capsule_domain.errors import Conflict
from capsule_domain.ports.engine_lock import Holder


class FakeSupervisor:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def ready(self, status: str) -> None:
        self.told.append("ready")

    def alive(self, status: str) -> None:
        self.told.append("alive")

    def reloading(self) -> None:
        self.told.append("reloading")

    def stopping(self) -> None:
        self.told.append("stopping")


class FakeAnchors:
    """So many of them answer as `there` says. `times`: how often they were asked."""

    def __init__(self, there: int = 2) -> None:
        self.there, self.times = there, 0

    def answering(self, places: Sequence[str]) -> int:
        self.times += 1
        return min(self.there, len(places))


class FakeEngineLock:
    """A lock in memory. `other` is somebody else who holds it."""

    def __init__(self, other: Holder | None = None) -> None:
        self.other = other
        self._holder: Holder | None = None

    @contextmanager
    def hold(self) -> Iterator[None]:
        if holder := self.holder():
            raise Conflict(f"a collector runs here already: process {holder.pid} of {holder.who}")
        self._holder = Holder(pid=1, who="anna@laptop", since=datetime(2026, 11, 23, tzinfo=UTC))
        try:
            yield
        finally:
            self._holder = None

    def holder(self) -> Holder | None:
        return self.other or self._holder
