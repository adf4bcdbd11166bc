"""One zone: what is rented there, in which steps, and what is taken away with it."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from capsule_adapters.providers.scaleway.belongings import ENDING_SECONDS, Belongings
from capsule_adapters.providers.scaleway.capabilities import UUID_PATTERN
from capsule_adapters.providers.scaleway.dialect import (
    images,
    in_zone,
    keys,
    loose_volumes,
    products,
    projects,
)
from capsule_adapters.providers.scaleway.instances import Instance
from capsule_adapters.providers.scaleway.products import Product
from capsule_adapters.providers.scaleway.projects import Project
from capsule_adapters.rest.answer import within
from capsule_adapters.rest.keys import AccountKeys
from capsule_adapters.rest.power import when_free
from capsule_adapters.rest.provider import RestProvider, nothing_rented
from capsule_adapters.rest.refusals import Busy, Subject
from capsule_adapters.rest.wire import understood
from capsule_domain.errors import (
    ConfigurationError,
    NotFound,
    ProjectUnknown,
    ProviderError,
    ProviderUnavailable,
)
from capsule_domain.models.deployment import TAG_PREFIX, deployment_in
from capsule_domain.models.leftover import Leftover
from capsule_domain.models.server import Server, ServerRequest, ServerStatus
from capsule_domain.ports.clock import Clock

if TYPE_CHECKING:  # it brings the HTTP library along, which listing clouds does not need
    from capsule_adapters.rest.transport import JsonApi

_STARTING_SECONDS = 60.0
"""How long a new server may be busy with its volumes before it can be switched on."""


class ScalewayZone(RestProvider):
    """The Provider port over one zone; ids of servers are without the zone here."""

    def __init__(
        self,
        zone: str,
        api: "JsonApi",
        clock: Clock,
        *,
        project_id: Callable[[], str],
        page_size: int,
    ) -> None:
        """`project_id` is asked when something is rented; it may raise ConfigurationError."""
        super().__init__(in_zone(zone, page_size), api, clock)
        self._zone = zone
        self._project_id = project_id
        self._page_size = page_size
        self._belongings = Belongings(zone, api, clock)

    def projects(self) -> list[Project]:
        """Every project that the key reaches."""
        return self._all(projects(self._page_size))

    def create(self, request: ServerRequest) -> Server:
        """Rent, then give user data, then switch on: the first boot reads it, and no other.

        Whatever fails after the first step, the server is ended again; or, when the cloud
        may have switched it on or cannot be reached, it is left and the error is `sent`.
        """
        self._refuse_unfit(request)
        with nothing_rented():
            project_id = self._project()
            self._ensure_key(keys(project_id, self._page_size), request)
            product = self._product(request.slug)
            image = self._image(request.image or self._dialect.servers.default_image, product)
        body = self._dialect.servers.create(request.model_copy(update={"image": image}), None)
        place = {"project": project_id, "volumes": {"0": _named(product.root_volume, request)}}
        server = self._rented({**body, **place})
        with self._ended_on_failure(server.server_id):
            self._give(server.server_id, request.user_data)
        with self._ended_on_failure(server.server_id, may_run=True):
            self._switch_on(server.server_id)
        return server.model_copy(update={"status": ServerStatus.PENDING})

    def start(self, server_id: str) -> None:
        self._settle(server_id)
        super().start(server_id)

    def stop(self, server_id: str) -> None:
        self._settle(server_id)
        super().stop(server_id)

    def destroy(self, server_id: str) -> None:
        """End it with its volumes and its reserved addresses, which else would stay and bill."""
        with suppress(NotFound):
            self._take_away(server_id)

    def leftovers(self) -> list[Leftover]:
        """Volumes; the keys are those of a project, and of no zone."""
        volumes = loose_volumes(self._zone, self._page_size)
        return [volume for collection in volumes for volume in self._all(collection)]

    def remove_leftover(self, leftover: Leftover) -> None:
        _, kind, volume_id = leftover.id.split(":")
        self._belongings.delete_volume(kind, volume_id)

    def keys(self) -> AccountKeys:
        """Those of the project."""
        return self._account_keys(keys(self._project(), self._page_size))

    def _project(self) -> str:
        try:
            return self._project_id()
        except ConfigurationError as error:
            raise ProjectUnknown(self.name, error.message, hint=error.hint) from error

    def _product(self, slug: str) -> Product:
        found = next((p for p in self._all(products(self._zone)) if p.name == slug), None)
        if found is None or not found.is_sold:
            raise ProviderError(
                self.name,
                f"{slug} is not sold in {self._zone}",
                hint="capsule openmesh templates --live",
            )
        return found

    def _image(self, wanted: str, product: Product) -> str:
        """The id of an image with that label that fits; what is no label is an id already."""
        if re.fullmatch(UUID_PATTERN, wanted, re.ASCII):
            return wanted
        found = self._all(images(self._zone, wanted, product, self._page_size))
        fitting = [image.id for image in found if image.arch == product.arch]
        named = [i.id for i in found if product.name in i.compatible_commercial_types]
        chosen = next((id_ for id_ in fitting if id_ in named), None) or next(iter(fitting), None)
        if chosen is None:
            raise ProviderError(
                self.name, f"no image {wanted} for {product.name} ({product.arch}) in {self._zone}"
            )
        return chosen

    def _give(self, server_id: str, user_data: SecretStr) -> None:
        if user_data.get_secret_value():
            self._api.send(
                "PATCH",
                f"{self._path(server_id)}/user_data/cloud-init",
                body=user_data,
                subject=Subject("server", server_id),
                reads=False,
                idempotent=True,
            )

    def _settle(self, server_id: str) -> None:
        """Wait out what is under way: it may be what is asked for, and then cannot be asked."""

        def look() -> None:
            if self._look(server_id).status is ServerStatus.PENDING:
                raise Busy(
                    self.name,
                    f"server {self._zone}:{server_id} is starting or stopping",
                    hint="try again in some minutes",
                )

        when_free(self._clock, look, ENDING_SECONDS)

    def _switch_on(self, server_id: str) -> None:
        when_free(self._clock, lambda: self._act(server_id, "poweron"), _STARTING_SECONDS)

    def _act(self, server_id: str, action: str, *, idempotent: bool = False) -> None:
        self._api.send(
            "POST",
            f"{self._path(server_id)}/action",
            body={"action": action},
            subject=Subject("server", server_id),
            reads=False,
            idempotent=idempotent,
        )

    @contextmanager
    def _ended_on_failure(self, server_id: str, *, may_run: bool = False) -> Iterator[None]:
        """A failure in here leaves no server. With `may_run` a lost answer leaves it."""
        try:
            yield
        except (ProviderError, NotFound) as error:
            lost = isinstance(error, ProviderUnavailable) and error.sent
            if lost and may_run:
                raise self._left(server_id, "whether it was switched on is not known") from error
            try:
                # Not found is not gone: what was just made may not be known everywhere.
                self._take_away(server_id)
            except (ProviderError, NotFound) as kept:
                why = kept.message.removeprefix(f"{self.name}: ")
                raise self._left(
                    server_id, f"it could not be set up; ending it failed: {why}"
                ) from kept
            if isinstance(error, NotFound):
                raise ProviderError(self.name, "the new server was not found") from error
            if isinstance(error, ProviderUnavailable):
                error.sent = False  # nothing is rented any more
            raise

    def _left(self, server_id: str, what: str) -> ProviderUnavailable:
        """There is a server, which its tags find."""
        return ProviderUnavailable(
            self.name, f"server {self._zone}:{server_id} was rented, but {what}"
        )

    def _instance(self, server_id: str) -> Instance:
        answer = self._api.get(self._path(server_id), subject=Subject("server", server_id))
        item = self._dialect.servers.item
        with understood(self.name, item, answer.request_id):
            return Instance.model_validate(within(answer.body, item))

    def _take_away(self, server_id: str) -> None:
        """Raises NotFound when it is not there to begin with."""
        instance = self._instance(server_id)
        with suppress(NotFound):
            when_free(self._clock, lambda: self._end(server_id), ENDING_SECONDS)
        self._belongings.delete(instance)

    def _end(self, server_id: str) -> None:
        """One attempt, which never is the last: Busy until the server is NotFound.

        One that is off is deleted, any other terminated; in between the cloud refuses both.
        Only looking for it tells that it is gone.
        """
        state = self._instance(server_id).state
        with suppress(NotFound):
            if state == "stopped":
                path, subject = self._path(server_id), Subject("server", server_id)
                self._api.delete(path, subject=subject, idempotent=True)
            elif state != "stopping":
                self._act(server_id, "terminate", idempotent=True)
        raise Busy(
            self.name,
            f"server {self._zone}:{server_id} does not end",
            hint="try again in some minutes",
        )


def _named(volume: Mapping[str, Any], request: ServerRequest) -> Mapping[str, Any]:
    """A volume that can outlive its server is called by the deployment that it was for."""
    deployment = deployment_in(request.tags)
    return volume if deployment is None else {**volume, "name": f"{TAG_PREFIX}{deployment}"}
