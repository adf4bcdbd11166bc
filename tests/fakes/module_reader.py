"""A reader of modules that is told what is in them."""

from collections.abc import Sequence
from pathlib import PurePath

from capsule_domain.models.setting import Reading


class FakeModuleReader:
    """Whatever it is to read, it read `reading`; `roots` are what it was asked for last."""

    def __init__(self, reading: Reading | None = None) -> None:
        self.reading = reading or Reading()
        self.roots: list[str] = []

    def read(self, roots: Sequence[PurePath]) -> Reading:
        self.roots = [str(root) for root in roots]
        return self.reading
