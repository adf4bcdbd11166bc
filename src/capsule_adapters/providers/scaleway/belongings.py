"""What was a server's, and would stay and be billed when it is gone."""

from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import quote

from capsule_adapters.providers.scaleway.capabilities import NAME
from capsule_adapters.providers.scaleway.instances import Instance, Volume
from capsule_adapters.providers.scaleway.volumes import BLOCK
from capsule_adapters.rest.power import when_free
from capsule_adapters.rest.refusals import Subject
from capsule_domain.errors import NotFound, ProviderError
from capsule_domain.ports.clock import Clock

if TYPE_CHECKING:  # it brings the HTTP library along, which listing clouds does not need
    from capsule_adapters.rest.transport import JsonApi

ENDING_SECONDS = 300.0
"""How long a server may take to go, and then its volumes to come loose."""


class Belongings:
    """Volumes and reserved addresses in one zone."""

    def __init__(self, zone: str, api: "JsonApi", clock: Clock) -> None:
        self._zone = zone
        self._api = api
        self._clock = clock

    def delete(self, instance: Instance) -> None:
        """Delete what was that server's. Raises ProviderError, after all was tried.

        A dynamic address went with the server, and a local volume may have.
        """
        paths = {
            **{f"volume {volume.id}": self._volume(volume) for volume in instance.disks},
            **{
                f"address {ip.address}": self._instance_api("ips", ip.id)
                for ip in instance.reserved_ips
            },
        }
        failed = {}
        for what, path in paths.items():
            try:
                self._delete(what, path)
            except ProviderError as error:
                failed[what] = error
        if failed:
            cause = list(failed.values())[-1]
            raise ProviderError(
                NAME,
                f"server {self._zone}:{instance.id} is ended, but this is left and billed: "
                f"{', '.join(failed)}",
                hint="capsule openmesh reconcile --destroy, or console.scaleway.com",
                request_id=cause.request_id,
            ) from cause

    def delete_volume(self, kind: str, volume_id: str) -> None:
        """Delete one that no server has. One that is gone already is a success."""
        path = self._block(volume_id) if kind == BLOCK else self._instance_api("volumes", volume_id)
        self._delete(f"volume {volume_id}", path)

    def _delete(self, what: str, path: str) -> None:
        """For a while a volume is in use still, and the cloud is busy with it."""

        def delete() -> object:
            return self._api.delete(path, subject=Subject("resource", what), idempotent=True)

        with suppress(NotFound):
            when_free(self._clock, delete, ENDING_SECONDS)

    def _volume(self, volume: Volume) -> str:
        if volume.volume_type == "sbs_volume":
            return self._block(volume.id)
        return self._instance_api("volumes", volume.id)

    def _block(self, volume_id: str) -> str:
        return f"/block/v1/zones/{self._zone}/volumes/{quote(volume_id, safe='')}"

    def _instance_api(self, kind: str, id_: str) -> str:
        return f"/instance/v1/zones/{self._zone}/{kind}/{quote(id_, safe='')}"
