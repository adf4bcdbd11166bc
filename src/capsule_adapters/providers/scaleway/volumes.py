"""Volumes that no server has: those of ours are known by their names."""

from collections.abc import Callable, Iterator
from typing import Any

from capsule_adapters.providers.scaleway.capabilities import NAME
from capsule_adapters.rest.wire import Reading, Wire
from capsule_domain.models.deployment import deployment_in
from capsule_domain.models.leftover import Leftover, LeftoverKind

BLOCK, LOCAL = "block", "local"
"""Which API keeps it; a part of its id, since nothing else tells."""


class _Volume(Wire):
    """`server` is told of local ones, `references` of block ones."""

    id: str
    name: str = ""
    server: Any = None
    references: tuple[Any, ...] = ()
    status: str = "available"

    @property
    def is_loose(self) -> bool:
        return not self.server and not self.references and self.status != "in_use"


def loose_in(zone: str, kind: str) -> Callable[[Any, Reading], Iterator[Leftover]]:
    """Reads a volume that we made and no server has; its id becomes `zone:kind:id`.

    What it costs the cloud does not say.
    """

    def read(raw: Any, _reading: Reading) -> Iterator[Leftover]:
        volume = _Volume.model_validate(raw)
        deployment = deployment_in((volume.name,))
        if deployment is not None and volume.is_loose:
            yield Leftover(
                provider=NAME,
                kind=LeftoverKind.VOLUME,
                id=f"{zone}:{kind}:{volume.id}",
                name=volume.name,
                deployment=deployment,
            )

    return read
