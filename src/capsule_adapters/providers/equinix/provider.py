"""The Provider port over one project of Equinix Metal."""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from capsule_adapters.providers.equinix.devices import UUID_PATTERN
from capsule_adapters.providers.equinix.dialect import PROJECT_VARIABLE, User, in_project
from capsule_adapters.rest.dialect import Collection, Dialect
from capsule_adapters.rest.provider import RestProvider, nothing_rented
from capsule_adapters.rest.refusals import Subject
from capsule_adapters.rest.wire import Reading, Wire, understood
from capsule_domain.errors import (
    ConfigurationError,
    NotFound,
    PermissionMissing,
    ProjectUnknown,
)
from capsule_domain.models.deployment import DeploymentId
from capsule_domain.models.leftover import Leftover
from capsule_domain.models.server import Account, Server, ServerRequest, ServerStatus
from capsule_domain.ports.clock import Clock

if TYPE_CHECKING:  # it brings the HTTP library along, which listing clouds does not need
    from capsule_adapters.rest.transport import JsonApi


class _Project(Wire):
    id: str
    name: str = ""

    @classmethod
    def read(cls, raw: Any, _reading: Reading) -> Iterator["_Project"]:
        yield cls.model_validate(raw)


_PROJECTS = Collection("/projects", "projects", _Project.read)


class EquinixProvider(RestProvider):
    """One account. Its project is looked for when it is first needed."""

    def __init__(
        self, dialect: Dialect, api: "JsonApi", clock: Clock, project_id: str | None
    ) -> None:
        """`project_id` None: the user's default project, or else the only one.

        Raises ConfigurationError for what cannot be a project's id.
        """
        super().__init__(dialect, api, clock)
        if project_id is not None and not re.fullmatch(UUID_PATTERN, project_id, re.ASCII):
            raise ConfigurationError(
                f"{PROJECT_VARIABLE} is not the id of a project",
                hint=f"its id is a UUID: export {PROJECT_VARIABLE}=…",
            )
        self._project_id = project_id
        self._project: _Project | None = None

    def account(self) -> Account:
        """Whose key it is, and the project that is worked in."""
        project = self._settled()
        try:
            account = super().account()
        except PermissionMissing:
            # The key of a project is no user's. Whether it is one shows at the project.
            own = self._read_project(project.id)
            return Account(provider=self.name, identity=f"project {own.name}", active=True)
        return account.model_copy(update={"detail": f"project {project.name}"})

    def servers(self, *, deployment: DeploymentId | None = None) -> list[Server]:
        """Without those whose deletion was taken, which are shown for a while yet."""
        self._settled()
        found = super().servers(deployment=deployment)
        return [server for server in found if server.status is not ServerStatus.GONE]

    def create(self, request: ServerRequest) -> Server:
        with nothing_rented():
            self._settled()
        return super().create(request)

    def destroy(self, server_id: str) -> None:
        try:
            super().destroy(server_id)
        except PermissionMissing:
            if self._lists(server_id):
                raise

    def leftovers(self) -> list[Leftover]:
        self._settled()
        return super().leftovers()

    def _look(self, server_id: str) -> Server:
        try:
            return super()._look(server_id)
        except PermissionMissing as error:
            if self._lists(server_id):
                raise
            raise NotFound(f"{self.name} server", server_id) from error

    def _lists(self, server_id: str) -> bool:
        """Whether the project has a device that was answered with a 403.

        One that could not be made is taken away and answered so: only the list tells that
        from a key that lacks the right, which is refused the list as well.
        """
        return any(server.server_id == server_id for server in self.servers())

    def _settled(self) -> _Project:
        """The project, after it is known to the cloud; paths lead into it from now on."""
        if self._project is None:
            self._project = self._read_project(self._project_id or self._default_project_id())
            self._dialect = in_project(self._project.id)
        return self._project

    def _read_project(self, project_id: str) -> _Project:
        unknown = ProjectUnknown(
            self.name,
            f"no project {project_id} of this key",
            hint=f"export {PROJECT_VARIABLE}=…",
        )
        try:
            answer = self._api.get(
                f"/projects/{project_id}", subject=Subject("project", project_id)
            )
        except NotFound as error:
            raise unknown from error
        except PermissionMissing as error:
            # Someone else's, or a right that lacks: the list tells which.
            if any(project.id == project_id for project in self._all(_PROJECTS)):
                raise
            raise unknown from error
        with understood(self.name, "", answer.request_id):
            return _Project.model_validate(answer.body)

    def _default_project_id(self) -> str:
        """The user's default project, or the only one. Raises ConfigurationError."""
        with suppress(PermissionMissing):  # as the key of a project lacks the right to ask
            answer = self._api.get("/user")
            with understood(self.name, "", answer.request_id):
                if default := User.model_validate(answer.body).default_project_id:
                    return default
        projects = self._all(_PROJECTS)
        if len(projects) != 1:
            has = f"{len(projects)} projects, and none is the default" if projects else "no project"
            raise ConfigurationError(
                f"the account at {self.name} has {has}", hint=f"export {PROJECT_VARIABLE}=…"
            )
        return projects[0].id
