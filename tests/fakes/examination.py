"""An examination whose outcome is given."""

from collections.abc import Iterable, Sequence

from capsule_domain.models.diagnosis import Diagnosis


class FakeExamination:
    """Finds what it is told to. `asked` keeps whether each run was to be offline."""

    def __init__(self, found: Iterable[Diagnosis] = ()) -> None:
        self.found = tuple(found)
        self.asked: list[bool] = []

    def run(self, *, offline: bool = False) -> Sequence[Diagnosis]:
        self.asked.append(offline)
        return self.found
