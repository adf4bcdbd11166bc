"""Commands that would go on behind this one."""

from collections.abc import Sequence

from capsule_domain.ports.background import Beginning


class FakeBackground:
    """Keeps what it was asked to start; every start begins as `beginning` says."""

    def __init__(self, beginning: Beginning) -> None:
        self.beginning = beginning
        self.started: list[Sequence[str]] = []

    def start(self, arguments: Sequence[str]) -> Beginning:
        self.started.append(arguments)
        return self.beginning
