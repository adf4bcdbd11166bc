"""The Provider port over all of Scaleway's zones."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from capsule_adapters.providers.scaleway.capabilities import CAPABILITIES, NAME
from capsule_adapters.providers.scaleway.dialect import LARGEST_PAGE
from capsule_adapters.providers.scaleway.places import HOME, ZONES
from capsule_adapters.providers.scaleway.projects import Project, checked_id, chosen
from capsule_adapters.providers.scaleway.zone import ScalewayZone
from capsule_domain.errors import NotFound, ProviderError
from capsule_domain.models.deployment import DeploymentId
from capsule_domain.models.leftover import Leftover, LeftoverKind
from capsule_domain.models.server import Account, Capabilities, Server, ServerRequest
from capsule_domain.models.template import Offer, Region
from capsule_domain.ports.clock import Clock

if TYPE_CHECKING:  # it brings the HTTP library along, which listing clouds does not need
    from capsule_adapters.rest.transport import JsonApi

T = TypeVar("T")


class ScalewayProvider:
    """One key. Servers of all of its projects are seen; in one of them it rents.

    An id is `zone:id`, such as `fr-par-1:3f1c…`: a UUID alone does not tell where to ask.
    """

    def __init__(
        self,
        api: "JsonApi",
        clock: Clock,
        *,
        project_id: str | None = None,
        page_size: int = LARGEST_PAGE,
    ) -> None:
        """`project_id` None: the key's only project, or the organization's default one.

        Raises ConfigurationError for what is not an id.
        """
        self._api = api
        self._given_project_id = None if project_id is None else checked_id(project_id)
        self._found_project: Project | None = None
        self._finding = Lock()
        self._zones = {
            zone: ScalewayZone(zone, api, clock, project_id=self._project_id, page_size=page_size)
            for zone in ZONES
        }

    @property
    def name(self) -> str:
        return NAME

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    def close(self) -> None:
        """Give the connections back."""
        self._api.close()

    def account(self) -> Account:
        """The project, and whether the key may ask for servers.

        Raises CredentialsRefused, PermissionMissing, ProjectUnknown, AccountLocked; and
        ConfigurationError when the variable must say which project is meant.
        """
        project = self._project()
        account = self._zones[HOME].account()
        identity = f"{project.name}@{project.organization_id}"
        return account.model_copy(update={"identity": identity})

    def regions(self) -> list[Region]:
        return [region for zone in self._zones.values() for region in zone.regions()]

    def offers(self) -> list[Offer]:
        return self._everywhere(lambda zone: zone.offers())

    def servers(self, *, deployment: DeploymentId | None = None) -> list[Server]:
        return self._everywhere(
            lambda zone: [_marked(s) for s in zone.servers(deployment=deployment)]
        )

    def server(self, server_id: str) -> Server:
        zone, its_id = self._split(server_id)
        return _marked(zone.server(its_id))

    def create(self, request: ServerRequest) -> Server:
        if request.region not in self._zones:
            known = ", ".join(self._zones)
            raise ProviderError(NAME, f"no zone {request.region[:40]!r}", hint=f"there is {known}")
        return _marked(self._zones[request.region].create(request))

    def start(self, server_id: str) -> None:
        zone, its_id = self._split(server_id)
        zone.start(its_id)

    def stop(self, server_id: str) -> None:
        """Off, and its place given up: what is merely stopped in place costs as if it ran."""
        zone, its_id = self._split(server_id)
        zone.stop(its_id)

    def restart(self, server_id: str, *, force: bool = False) -> None:
        zone, its_id = self._split(server_id)
        zone.restart(its_id, force=force)

    def set_tags(self, server_id: str, tags: Sequence[str]) -> None:
        zone, its_id = self._split(server_id)
        zone.set_tags(its_id, tags)

    def destroy(self, server_id: str) -> None:
        zone, its_id = self._split(server_id)
        zone.destroy(its_id)

    def leftovers(self) -> list[Leftover]:
        """Volumes of every zone, and keys of the project that it rents in."""
        volumes = self._everywhere(lambda zone: zone.leftovers())
        return [*volumes, *self._zones[HOME].keys().ours()]

    def remove_leftover(self, leftover: Leftover) -> None:
        if leftover.kind is LeftoverKind.KEY:
            self._zones[HOME].keys().remove(leftover)
        else:
            zone, _ = self._split(leftover.id)
            zone.remove_leftover(leftover)

    def _split(self, server_id: str) -> tuple[ScalewayZone, str]:
        zone, _, its_id = server_id.partition(":")
        if zone not in self._zones:
            raise NotFound(f"{NAME} server", server_id)
        return self._zones[zone], its_id

    def _everywhere(self, ask: Callable[[ScalewayZone], list[T]]) -> list[T]:
        """What all zones answer, side by side. One that fails fails the whole list."""
        with ThreadPoolExecutor(len(self._zones), thread_name_prefix=NAME) as pool:
            return [item for part in pool.map(ask, self._zones.values()) for item in part]

    def _project_id(self) -> str:
        return self._given_project_id or self._project().id

    def _project(self) -> Project:
        """The project to rent in; asked for once."""
        with self._finding:
            if self._found_project is None:
                found = self._zones[HOME].projects()
                self._found_project = chosen(found, self._given_project_id)
            return self._found_project


def _marked(server: Server) -> Server:
    return server.model_copy(update={"server_id": f"{server.region}:{server.server_id}"})
