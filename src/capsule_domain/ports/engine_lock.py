"""One collector a home."""

from contextlib import AbstractContextManager
from typing import Protocol

from capsule_domain.models.base import Model, Moment


class Holder(Model):
    """Who runs the collector: its process, whose it is, such as `anna@laptop`, since when."""

    pid: int
    who: str
    since: Moment


class EngineLock(Protocol):
    """One collector a home. The system frees the lock when its holder dies.

    Every implementation passes tests/contracts/test_engine_lock.py.
    """

    def hold(self) -> AbstractContextManager[None]:
        """Hold it for the block. Raises Conflict that tells who does, StoreError."""

    def holder(self) -> Holder | None:
        """Who holds it now; None: nobody. Raises StoreError."""
