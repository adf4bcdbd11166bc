"""The endpoints of the API: what each one does."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.machine_room import MachineRoom
from capsule_adapters.sandbox.scaleway import actions, disks, ips, keys, servers, stock
from capsule_adapters.sandbox.scaleway.servers import ORGANIZATION
from capsule_adapters.sandbox.scaleway.state import Server, State
from capsule_adapters.sandbox.scaleway.wording import (
    Refusal,
    instance_page,
    invalid,
    not_found,
    page,
)
from capsule_domain.ports.clock import Clock

_NO_CONTENT = Answer(204)


@dataclass
class Temper:
    """How this cloud behaves; a test may change it at any time. Times in seconds."""

    boot_seconds: float = 1.0
    power_seconds: float = 1.0
    loose_seconds: float = 1.0
    """How long a block volume is in use still after its server is gone."""
    settling_seconds: float = 0.0
    """How long a new server is missing from lists."""
    most_per_page: int = 100
    server_limit: int = 25
    projects: dict[str, str] = field(default_factory=lambda: {ORGANIZATION: "default"})
    """Names by id, of those that the key reaches."""
    lacks: frozenset[str] = frozenset()
    """Rights that the key lacks, such as `write instances`."""
    locked: bool = False
    """Whether the organization is."""


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

    def projects(self, request: Request) -> Answer:
        shown = [
            {
                "id": id_,
                "name": name,
                "organization_id": ORGANIZATION,
                "description": "",
                "created_at": "2026-01-02T03:04:05.000000Z",
                "updated_at": "2026-01-02T03:04:05.000000Z",
            }
            for id_, name in self.temper.projects.items()
        ]
        return self._page(request, "projects", shown)

    def dashboard(self, _request: Request, zone: str) -> Answer:
        here = [s for s in self.state.servers.values() if s.zone == zone]
        counts = {
            "servers_count": len(here),
            "running_servers_count": sum(s.state == "running" for s in here),
            "volumes_count": sum(v.zone == zone for v in self.state.volumes.values()),
            "ips_count": sum(ip.zone == zone for ip in self.state.ips.values()),
        }
        return Answer(200, {"dashboard": counts})

    def types(self, request: Request, zone: str) -> Answer:
        rows = [(name, stock.shown(type_)) for name, type_ in stock.sold_in(zone).items()]
        return self._map(request, rows)

    def availability(self, request: Request, zone: str) -> Answer:
        names = stock.sold_in(zone)
        return self._map(request, [(n, {"availability": stock.availability(n)}) for n in names])

    def local_images(self, request: Request) -> Answer:
        asked = {
            ours: request.query[theirs]
            for ours, theirs in (
                ("label", "image_label"),
                ("zone", "zone"),
                ("arch", "arch"),
                ("type", "type"),
            )
            if theirs in request.query
        }
        found = [
            stock.local_image(image)
            for image in stock.IMAGES.values()
            if all(getattr(image, name) == value for name, value in asked.items())
        ]
        return self._page(request, "local_images", found)

    def list_keys(self, request: Request) -> Answer:
        found = keys.listed(self.state, request.query.get("project_id"))
        return self._page(request, "ssh_keys", [keys.shown(key) for key in found])

    def add_key(self, request: Request) -> Answer:
        projects = list(self.temper.projects)
        key = keys.add(self.state, request.json(), now=self.now, projects=projects)
        return Answer(200, keys.shown(key))

    def get_key(self, _request: Request, key_id: str) -> Answer:
        if key_id not in self.state.keys:
            raise not_found("ssh_key", key_id)
        return Answer(200, keys.shown(self.state.keys[key_id]))

    def delete_key(self, _request: Request, key_id: str) -> Answer:
        if self.state.keys.pop(key_id, None) is None:
            raise not_found("ssh_key", key_id)
        return _NO_CONTENT

    def list_servers(self, request: Request, zone: str) -> Answer:
        settled = self.now - self.temper.settling_seconds
        wanted = [tag for tag in request.query.get("tags", "").split(",") if tag]
        found = [
            server
            for server in reversed(self.state.servers.values())
            if server.zone == zone
            and server.created_at <= settled
            and request.query.get("project") in (None, server.project)
            and set(wanted) <= set(server.tags)
        ]
        shown = [servers.shown(self.state, server) for server in found]
        part, headers = instance_page(request, shown, most_per_page=self.temper.most_per_page)
        return Answer(200, {"servers": part}, headers)

    def create(self, request: Request, zone: str) -> Answer:
        server = servers.create(
            self.state,
            zone,
            request.json(),
            now=self.now,
            limit=self.temper.server_limit,
            projects=list(self.temper.projects),
        )
        return Answer(201, {"server": servers.shown(self.state, server)})

    def get_server(self, _request: Request, zone: str, id_: str) -> Answer:
        return Answer(200, {"server": servers.shown(self.state, self._server(zone, id_))})

    def update(self, request: Request, zone: str, id_: str) -> Answer:
        server = self._server(zone, id_)
        servers.update(server, request.json())
        return Answer(200, {"server": servers.shown(self.state, server)})

    def delete(self, _request: Request, zone: str, id_: str) -> Answer:
        server = self._server(zone, id_)
        if server.state != "stopped":
            raise Refusal(400, "invalid_request_error", "server should be stopped")
        loose_at = self.now + self.temper.loose_seconds
        actions.remove(self.state, self.room, server, loose_at=loose_at, keeps_local=True)
        return _NO_CONTENT

    def act(self, request: Request, zone: str, id_: str) -> Answer:
        server, body = self._server(zone, id_), request.json()
        action = body.get("action", "poweron") if isinstance(body, dict) else None
        actions.check(server, action)
        seconds = self.temper.power_seconds if server.has_booted else self.temper.boot_seconds
        task = actions.begin(self.state, self.room, server, str(action), due_at=self.now + seconds)
        return Answer(202, {"task": task})

    def list_user_data(self, _request: Request, zone: str, id_: str) -> Answer:
        return Answer(200, {"user_data": list(self._server(zone, id_).texts)})

    def get_user_data(self, _request: Request, zone: str, id_: str, key: str) -> Answer:
        texts = self._server(zone, id_).texts
        if key not in texts:
            raise not_found("user_data", key)
        return Answer(200, texts[key].encode(), {"Content-Type": "text/plain"})

    def set_user_data(self, request: Request, zone: str, id_: str, key: str) -> Answer:
        server = self._server(zone, id_)
        try:
            server.texts[key] = request.body.decode()
        except UnicodeDecodeError as error:
            raise invalid("user_data", "not UTF-8", "format") from error
        return _NO_CONTENT

    def add_ip(self, request: Request, zone: str) -> Answer:
        body = request.json()
        named = body.get("server") if isinstance(body, dict) else None
        server = self._server(zone, str(named)) if named else None
        ip = ips.add(self.state, zone, server, body, project=next(iter(self.temper.projects)))
        return Answer(201, {"ip": ips.shown(ip, server)})

    def delete_ip(self, _request: Request, zone: str, id_: str) -> Answer:
        ip = self.state.ips.get(id_)
        if ip is None or ip.zone != zone:
            raise not_found("instance_ip", id_)
        del self.state.ips[id_]
        return _NO_CONTENT

    def list_local(self, request: Request, zone: str) -> Answer:
        found = disks.listed(self.state, zone, disks.LOCAL)
        shown = [disks.of_instance(volume) for volume in found]
        part, headers = instance_page(request, shown, most_per_page=self.temper.most_per_page)
        return Answer(200, {"volumes": part}, headers)

    def list_block(self, request: Request, zone: str) -> Answer:
        found = disks.listed(self.state, zone, disks.BLOCK)
        return self._page(request, "volumes", [disks.of_block(v, now=self.now) for v in found])

    def delete_local(self, _request: Request, zone: str, id_: str) -> Answer:
        disks.delete(self.state, id_, zone, kinds=(disks.LOCAL,), now=self.now)
        return _NO_CONTENT

    def get_block(self, _request: Request, zone: str, id_: str) -> Answer:
        volume = disks.found(self.state, id_, zone, kinds=(disks.BLOCK,))
        return Answer(200, disks.of_block(volume, now=self.now))

    def delete_block(self, _request: Request, zone: str, id_: str) -> Answer:
        disks.delete(self.state, id_, zone, kinds=(disks.BLOCK,), now=self.now)
        return _NO_CONTENT

    def _page(self, request: Request, key: str, items: Sequence[Any]) -> Answer:
        return page(request, key, items, most_per_page=self.temper.most_per_page)

    def _map(self, request: Request, rows: Sequence[tuple[str, Any]]) -> Answer:
        part, headers = instance_page(request, rows, most_per_page=self.temper.most_per_page)
        return Answer(200, {"servers": dict(part)}, headers)

    def _server(self, zone: str, id_: str) -> Server:
        server = self.state.servers.get(id_)
        if server is None or server.zone != zone:
            raise not_found("instance_server", id_)
        return server
