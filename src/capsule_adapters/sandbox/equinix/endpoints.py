"""The endpoints of the API: what each one does."""

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.equinix import devices, keys, power, stock
from capsule_adapters.sandbox.equinix.state import HOME_PROJECT, Device, Key, State
from capsule_adapters.sandbox.equinix.wording import Refusal, link, page
from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.machine_room import MachineRoom
from capsule_domain.ports.clock import Clock

_GONE = Answer(204)
_USER_ID = "2f9b1c34-93b1-4a39-8b6e-0f6d6f1b7a02"


@dataclass
class Temper:
    """How this cloud behaves; a test may change it at any time. Times in seconds."""

    boot_seconds: float = 1.0
    action_seconds: float = 1.0
    deprovision_seconds: float = 0.0
    """How long an ended device is still shown."""
    settling_seconds: float = 0.0
    """How long a new device is missing from lists."""
    most_per_page: int = 100
    device_limit: int = 25
    default_project: str | None = HOME_PROJECT
    """What the user chose; None: nothing."""
    of_project: bool = False
    """The key is a project's, and no user's."""
    read_only: bool = False
    """The key may change nothing."""
    provisioning_fails: bool = False
    volume_attached: bool = False


@dataclass(frozen=True)
class Endpoints:
    """One account's endpoints. A method takes the request and what its path names.

    Each raises Refusal, and then has changed nothing.
    """

    state: State
    room: MachineRoom
    temper: Temper
    clock: Clock

    @property
    def now(self) -> float:
        """Unix seconds."""
        return self.clock.now().timestamp()

    def user(self, _request: Request) -> Answer:
        if self.temper.of_project:
            raise Refusal(403)
        chosen = self.temper.default_project
        user = {
            "id": _USER_ID,
            "short_id": _USER_ID[:8],
            "email": "rehearsal@example.com",
            "full_name": "Re Hearsal",
            "first_name": "Re",
            "last_name": "Hearsal",
            "two_factor_auth": "app",
            "max_projects": 10,
            **({} if chosen is None else {"default_project_id": chosen}),
            **link(f"/users/{_USER_ID}"),
        }
        return Answer(200, user)

    def projects(self, request: Request) -> Answer:
        return self._page(request, "projects", [self._shown(id_) for id_ in self.state.projects])

    def project(self, _request: Request, id_: str) -> Answer:
        return Answer(200, self._shown(self._known(id_)))

    def metros(self, _request: Request) -> Answer:
        return Answer(200, {"metros": [stock.metro(code) for code in stock.METROS]})

    def plans(self, request: Request) -> Answer:
        slug = request.query.get("slug")
        found = [plan for plan in stock.PLANS.values() if slug in (None, plan["slug"])]
        return Answer(200, {"plans": found})

    def project_plans(self, request: Request, project: str) -> Answer:
        self._known(project)
        return self.plans(request)

    def operating_systems(self, _request: Request) -> Answer:
        return Answer(200, {"operating_systems": list(stock.OPERATING_SYSTEMS.values())})

    def capacity(self, _request: Request) -> Answer:
        return Answer(200, {"capacity": stock.capacity()})

    def check_capacity(self, request: Request) -> Answer:
        body = request.json()
        servers = body.get("servers") if isinstance(body, dict) else None
        if not isinstance(servers, list) or any(not isinstance(s, dict) for s in servers):
            raise Refusal(422, "Servers must be a list")
        answers = [
            {**s, "available": stock.has_room(s.get("plan"), s.get("metro"), s.get("quantity"))}
            for s in servers
        ]
        return Answer(200, {"servers": answers})

    def own_keys(self, _request: Request) -> Answer:
        return _shown_keys(keys.of(self.state, None))

    def add_own_key(self, request: Request) -> Answer:
        return self._added_key(request, None)

    def project_keys(self, _request: Request, project: str) -> Answer:
        return _shown_keys(keys.of(self.state, self._known(project)))

    def add_project_key(self, request: Request, project: str) -> Answer:
        return self._added_key(request, self._known(project))

    def delete_key(self, _request: Request, id_: str) -> Answer:
        if self.state.keys.pop(id_, None) is None:
            raise Refusal(404)
        return _GONE

    def list_devices(self, request: Request, project: str) -> Answer:
        found = devices.listed(
            self.state,
            self._known(project),
            request.query,
            now=self.now,
            settling_seconds=self.temper.settling_seconds,
        )
        included = _included(request)
        return self._page(request, "devices", [devices.shown(d, included) for d in found])

    def create(self, request: Request, project: str) -> Answer:
        device = devices.create(
            self.state,
            self._known(project),
            request.json(),
            now=self.now,
            boot_seconds=self.temper.boot_seconds,
            limit=self.temper.device_limit,
        )
        self.room.boot(device)
        return Answer(201, devices.shown(device, _included(request)))

    def get_device(self, request: Request, id_: str) -> Answer:
        return Answer(200, devices.shown(self._device(id_), _included(request)))

    def update(self, request: Request, id_: str) -> Answer:
        device = self._device(id_)
        devices.update(device, request.json())
        return Answer(200, devices.shown(device, _included(request)))

    def act(self, request: Request, id_: str) -> Answer:
        power.begin(
            self.room,
            self._device(id_),
            request.json(),
            now=self.now,
            seconds=self.temper.action_seconds,
        )
        return Answer(202)

    def delete(self, request: Request, id_: str) -> Answer:
        device = self._device(id_)
        if device.locked:
            raise Refusal(422, "Cannot delete a locked device")
        if self.temper.volume_attached and request.query.get("force_delete") != "true":
            raise Refusal(422, "Cannot delete a device with volumes attached")
        self.room.remove(device.id)
        if self.temper.deprovision_seconds > 0:
            device.state, device.becomes = "deprovisioning", "deleted"
            device.due_at = self.now + self.temper.deprovision_seconds
        else:
            del self.state.devices[device.id]
        return _GONE

    def _page(self, request: Request, key: str, items: list[dict[str, Any]]) -> Answer:
        return page(request, key, items, most_per_page=self.temper.most_per_page)

    def _known(self, project: str) -> str:
        if project not in self.state.projects:
            raise Refusal(404)
        return project

    def _shown(self, project: str) -> dict[str, Any]:
        name = self.state.projects[project]
        return {"id": project, "name": name, "type": "default", **link(f"/projects/{project}")}

    def _added_key(self, request: Request, project: str | None) -> Answer:
        key = keys.add(self.state, project, request.json(), now=self.now)
        return Answer(201, keys.shown(key))

    def _device(self, id_: str) -> Device:
        if id_ in self.state.taken:
            raise Refusal(403, "You are not authorized to view this device")
        found = self.state.devices.get(id_)
        if found is None:
            raise Refusal(404)
        return found


def _included(request: Request) -> Container[str]:
    return request.query.get("include", "").split(",")


def _shown_keys(found: list[Key]) -> Answer:
    return Answer(200, {"ssh_keys": [keys.shown(key) for key in found]})
