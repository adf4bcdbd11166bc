"""One kind of Hivelocity's devices: bare metal or VPS."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from capsule_adapters.providers.hivelocity.devices import Device, Order, Record
from capsule_adapters.providers.hivelocity.dialect import AlreadyEnding, AlreadySo
from capsule_adapters.providers.hivelocity.products import PRICES
from capsule_adapters.rest.dialect import Collection
from capsule_adapters.rest.power import when_free
from capsule_adapters.rest.prices import ListPrice
from capsule_adapters.rest.provider import RestProvider
from capsule_adapters.rest.refusals import Busy, Subject
from capsule_adapters.rest.wire import understood
from capsule_domain.errors import NotFound, ProviderError
from capsule_domain.models.server import Server, ServerStatus

_ENDING_SECONDS = 60.0
"""How long a device may still be shown after its cancellation was taken."""
_BOOK = Collection("/device/", "", Record.each)


class Kind(RestProvider):
    """Devices of one kind."""

    def order_ids(self) -> set[int | None]:
        """The orders that the devices which are shown were."""
        every = Collection(self._dialect.servers.every.path, "", Device.each)
        return {device.order_id for device in self._all(every)}

    def orders(self) -> list[Order]:
        """The account's orders that are under way."""
        return self._all(Collection("/order/in-progress", "", Order.each))

    def records(self) -> dict[int, Record]:
        """The account's book of devices, of both kinds, by their numbers."""
        return {record.device_id: record for record in self._all(_BOOK)}

    def list_prices(self) -> list[ListPrice]:
        """What both kinds cost."""
        return self._all(PRICES)

    @property
    def usual_image(self) -> str:
        """What this kind usually calls the newest Ubuntu 24.04."""
        return self._dialect.servers.default_image

    def check_id(self, server_id: str) -> None:
        """Raises NotFound for what cannot be an id."""
        self._path(server_id)

    def start(self, server_id: str) -> None:
        with self._no_matter_if_so(server_id, ServerStatus.RUNNING):
            super().start(server_id)

    def stop(self, server_id: str) -> None:
        with self._no_matter_if_so(server_id, ServerStatus.STOPPED):
            super().stop(server_id)

    def restart(self, server_id: str, *, force: bool = False) -> None:
        """Of a device that is not there the power call says only that it is not allowed."""
        self._look(server_id)
        super().restart(server_id, force=force)

    def destroy(self, server_id: str) -> None:
        """Raises NotFound when it is not shown, and ProviderError when it is paid further."""
        path, subject = self._path(server_id), Subject("server", server_id)
        with suppress(AlreadyEnding):
            if self._api.delete(path, subject=subject, idempotent=True).status == 204:
                return
        with suppress(Busy):  # its end was promised, and it is rented by the hour
            when_free(self._clock, lambda: self._see_it_gone(server_id), _ENDING_SECONDS)

    def _see_it_gone(self, server_id: str) -> None:
        """Raises Busy while it is shown."""
        try:
            answer = self._api.get(self._path(server_id), subject=Subject("server", server_id))
        except NotFound:
            return
        with understood(self.name, "", answer.request_id):
            device = Device.model_validate(answer.body)
        if not device.ends_at_once:
            raise ProviderError(
                self.name,
                f"server {server_id} is cancelled, and billed to the end of its {device.period} "
                "term",
                hint="see its cancellation in the myVelocity portal",
            )
        raise Busy(self.name, f"server {server_id} is ending")

    @contextmanager
    def _no_matter_if_so(self, server_id: str, wanted: ServerStatus) -> Iterator[None]:
        """What is on already, or off, since someone else was quicker, is an error there."""
        try:
            yield
        except AlreadySo:
            if self._look(server_id).status is not wanted:
                raise

    def _look(self, server_id: str) -> Server:
        server = super()._look(server_id)
        if server.address is None:
            return server
        try:
            answer = self._api.get(f"/device/{server_id}", subject=Subject("server", server_id))
        except NotFound:
            return server
        with understood(self.name, "device", answer.request_id):
            return Record.model_validate(answer.body).joined(server)
