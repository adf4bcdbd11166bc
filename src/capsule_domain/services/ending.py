"""Ending a server at its cloud, and believing that it is gone only when the cloud says so."""

from capsule_domain.errors import NotFound, ProviderError
from capsule_domain.models.server import ServerStatus
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.provider import Provider

POLL_SECONDS = 2.0
GIVE_UP_SECONDS = 120.0


def end_server(cloud: Provider, server_id: str, clock: Clock, *, hint: str | None = None) -> None:
    """Destroy it and wait until the cloud knows it no more. One gone already is a success.

    Raises ProviderError: it may still be billed, and asking again is safe.
    """
    cloud.destroy(server_id)
    start = clock.monotonic()
    while clock.monotonic() - start < GIVE_UP_SECONDS:
        try:
            if cloud.server(server_id).status is ServerStatus.GONE:
                return
        except NotFound:
            return
        clock.sleep(POLL_SECONDS)
    raise ProviderError(
        cloud.name,
        f"server {server_id} was told to go but is still listed; it may be billed",
        hint=hint or "the same again, in some minutes",
    )
