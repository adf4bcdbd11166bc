"""Who watches over the collector, and where it asks whether it is alone."""

from collections.abc import Iterator
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
    """`there` of `asked` answer. `times`: how often they were asked."""

    def __init__(self, there: int = 2, asked: int = 2) -> None:
        self.there, self.asked, self.times = there, asked, 0

    def answering(self) -> tuple[int, int]:
        self.times += 1
        return min(self.there, self.asked), self.asked


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
