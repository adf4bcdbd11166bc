"""The endpoints of the API: what each one does."""

from dataclasses import dataclass

from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.digitalocean import actions, droplets, keys, stock, tags
from capsule_adapters.sandbox.digitalocean.state import Action, Droplet, State
from capsule_adapters.sandbox.digitalocean.wording import Refusal, page
from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.machine_room import MachineRoom
from capsule_domain.ports.clock import Clock

_NO_CONTENT = Answer(204)


@dataclass
class Temper:
    """How this cloud behaves; a test may change it at any time. Times in seconds."""

    boot_seconds: float = 1.0
    action_seconds: float = 0.5
    settling_seconds: float = 0.0
    """How long a new droplet is missing from lists."""
    most_per_page: int = 200
    droplet_limit: int = 25
    account_status: str = "active"


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

    def account(self, _request: Request) -> Answer:
        status = self.temper.account_status
        account = {
            "droplet_limit": self.temper.droplet_limit,
            "floating_ip_limit": 3,
            "email": "rehearsal@example.com",
            "name": "Rehearsal",
            "uuid": "b6fa2c1c-9d0b-4c4f-8a34-5d1f6f0e7a11",
            "email_verified": True,
            "status": status,
            "status_message": "" if status == "active" else "Please contact support.",
            "team": {"uuid": "5df3e3d6-7c1e-4f2a-9a53-0d4f3c1b2a10", "name": "Rehearsal"},
        }
        return Answer(200, {"account": account})

    def regions(self, request: Request) -> Answer:
        return self._page(request, "regions", [stock.region(slug) for slug in stock.REGIONS])

    def sizes(self, request: Request) -> Answer:
        return self._page(request, "sizes", list(stock.SIZES.values()))

    def images(self, request: Request) -> Answer:
        private = request.query.get("private") == "true" or "tag_name" in request.query
        one_click = request.query.get("type") == "application"
        return self._page(
            request, "images", [] if private or one_click else list(stock.IMAGES.values())
        )

    def image(self, _request: Request, wanted: str) -> Answer:
        found = stock.image(wanted)
        if found is None:
            raise Refusal(404)
        return Answer(200, {"image": found})

    def list_keys(self, request: Request) -> Answer:
        shown = [keys.shown(key) for key in self.state.keys.values()]
        return self._page(request, "ssh_keys", shown)

    def add_key(self, request: Request) -> Answer:
        return Answer(201, {"ssh_key": keys.shown(keys.add(self.state, request.json()))})

    def get_key(self, _request: Request, identifier: str) -> Answer:
        found = keys.find(self.state, identifier)
        if found is None:
            raise Refusal(404)
        return Answer(200, {"ssh_key": keys.shown(found)})

    def delete_key(self, _request: Request, identifier: str) -> Answer:
        found = keys.find(self.state, identifier)
        if found is None:
            raise Refusal(404)
        del self.state.keys[found.id]
        return _NO_CONTENT

    def create(self, request: Request) -> Answer:
        temper = self.temper
        made = droplets.create(
            self.state,
            request.json(),
            now=self.now,
            boot_seconds=temper.boot_seconds,
            limit=temper.droplet_limit,
        )
        for droplet in made:
            self.room.boot(droplet)
        begun = [actions.creation(self.state, droplet) for droplet in made]
        shown = [droplets.shown(self.state, droplet) for droplet in made]
        links = {"actions": [actions.link(action) for action in begun]}
        wanted = request.json()
        if isinstance(wanted, dict) and "names" in wanted:
            return Answer(202, {"droplets": shown, "links": links})
        return Answer(202, {"droplet": shown[0], "links": links})

    def list_droplets(self, request: Request) -> Answer:
        found = droplets.listed(
            self.state,
            dict(request.query),
            now=self.now,
            settling_seconds=self.temper.settling_seconds,
        )
        return self._page(request, "droplets", [droplets.shown(self.state, d) for d in found])

    def get_droplet(self, _request: Request, id_: str) -> Answer:
        return Answer(200, {"droplet": droplets.shown(self.state, self._droplet(id_))})

    def delete(self, _request: Request, id_: str) -> Answer:
        self._remove(self._droplet(id_))
        return _NO_CONTENT

    def delete_tagged(self, request: Request) -> Answer:
        tag = request.query.get("tag_name")
        if not tag:
            raise Refusal(422, "tag_name is required")
        for droplet in [d for d in self.state.droplets.values() if tag in d.tags]:
            self._remove(droplet)
        return _NO_CONTENT

    def act(self, request: Request, id_: str) -> Answer:
        action = actions.begin(
            self.state,
            self.room,
            self._droplet(id_),
            request.json(),
            now=self.now,
            action_seconds=self.temper.action_seconds,
        )
        return Answer(201, {"action": actions.shown(action)})

    def list_actions(self, request: Request, id_: str) -> Answer:
        droplet = self._droplet(id_)
        found = [a for a in self.state.actions.values() if a.droplet_id == droplet.id]
        return self._page(request, "actions", [actions.shown(a) for a in reversed(found)])

    def get_action(self, _request: Request, id_: str) -> Answer:
        return Answer(200, {"action": actions.shown(self._action(id_))})

    def get_its_action(self, _request: Request, droplet_id: str, id_: str) -> Answer:
        action = self._action(id_)
        if action.droplet_id != self._droplet(droplet_id).id:
            raise Refusal(404)
        return Answer(200, {"action": actions.shown(action)})

    def list_tags(self, request: Request) -> Answer:
        return self._page(request, "tags", [tags.shown(self.state, t) for t in self.state.tags])

    def add_tag(self, request: Request) -> Answer:
        body = request.json()
        name = body.get("name") if isinstance(body, dict) else None
        if not isinstance(name, str) or not tags.ALPHABET.fullmatch(name):
            return Answer(
                400,
                {"error": "invalid tag name", "messages": ["invalid tag name"], "root_causes": []},
            )
        tags.ensure(self.state, [name])
        return Answer(201, {"tag": tags.shown(self.state, name)})

    def get_tag(self, _request: Request, name: str) -> Answer:
        return Answer(200, {"tag": tags.shown(self.state, self._tag(name))})

    def tag_resources(self, request: Request, name: str) -> Answer:
        tag = self._tag(name)
        for droplet in tags.droplets_in(self.state, request.json()):
            if tag not in droplet.tags:
                droplet.tags.append(tag)
        return _NO_CONTENT

    def untag_resources(self, request: Request, name: str) -> Answer:
        tag = self._tag(name)
        for droplet in tags.droplets_in(self.state, request.json()):
            if tag in droplet.tags:
                droplet.tags.remove(tag)
        return _NO_CONTENT

    def _page(self, request: Request, key: str, items: list[dict[str, object]]) -> Answer:
        return page(request, key, items, most_per_page=self.temper.most_per_page)

    def _droplet(self, id_: str) -> Droplet:
        found = self.state.droplets.get(int(id_))
        if found is None:
            raise Refusal(404)
        return found

    def _remove(self, droplet: Droplet) -> None:
        del self.state.droplets[droplet.id]
        self.room.remove(droplet.id)

    def _action(self, id_: str) -> Action:
        found = self.state.actions.get(int(id_))
        if found is None:
            raise Refusal(404)
        return found

    def _tag(self, name: str) -> str:
        if name not in self.state.tags:
            raise Refusal(404)
        return name
