"""Machines that tell of their hardware, or do not."""

from collections.abc import Iterator, Mapping

from capsule_domain.errors import HostError, HostUnreachable
from capsule_domain.models.hardware import Hardware
from capsule_domain.ports.host import Target


class FakeHardwareSurvey:
    """`machines` are the answers by name; who is not among them is not reached."""

    def __init__(self) -> None:
        self.machines: dict[str, Hardware | HostError] = {}
        self.asked: list[str] = []

    def look(self, machines: Mapping[str, Target]) -> Iterator[tuple[str, Hardware | HostError]]:
        for name in reversed(list(machines)):  # not in the order in which they were named
            self.asked.append(name)
            yield name, self.machines.get(name) or HostUnreachable(f"{name}: no connection")
