"""The rehearsal AWS itself: who may ask what, and time going by."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from threading import local
from time import time

from capsule_adapters.clock import SystemClock
from capsule_adapters.sandbox.api import Answer, CloudApi, Exchange
from capsule_adapters.sandbox.aws import deeds, prices, signature
from capsule_adapters.sandbox.aws.engine import Engine
from capsule_adapters.sandbox.aws.fleet import Fleet
from capsule_adapters.sandbox.aws.objections import check_tags, tags_of
from capsule_adapters.sandbox.aws.renting import Renting
from capsule_adapters.sandbox.aws.shelf import Shelf
from capsule_adapters.sandbox.aws.state import State
from capsule_adapters.sandbox.aws.temper import Temper
from capsule_adapters.sandbox.aws.wire import Call, Refusal, read_call, refusal, refused
from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.limits import RequestLimit
from capsule_adapters.sandbox.machine_room import MachineRoom
from capsule_adapters.sandbox.machines import Machines
from capsule_domain.ports.clock import Clock

_LOG = logging.getLogger("capsule.sandbox")
_SWITCHES = frozenset({"StartInstances", "StopInstances", "TerminateInstances"})


class AwsSimulator(CloudApi):
    """One account at a rehearsal AWS, over `machines`: EC2, STS and the price list.

    `token` is both the key's id and its secret. `state_file`: where the account is kept
    after each change, and found again. Its constructor raises OSError and ValueError when
    that cannot be read. moto is not loaded before the first request.
    """

    def __init__(
        self,
        machines: Machines,
        *,
        clock: Clock | None = None,
        state_file: Path | None = None,
        port: int = 0,
        token: str | None = None,
        temper: Temper | None = None,
        requests_per_second: int = 1000,
        observer: Callable[[Exchange], None] | None = None,
    ) -> None:
        """`clock` None takes the real time; `token` None makes one, see `token`."""
        super().__init__(clock=clock or SystemClock(), port=port, observer=observer)
        self.token = token or f"AKIA{token_hex(16).upper()}"
        self.temper = temper or Temper()
        self.state = State() if state_file is None else State.load(state_file)
        self._room = MachineRoom(machines)
        self._state_file = state_file
        self._limit = RequestLimit(requests_per_second, 1.0, self.clock)
        self._asked = local()
        self._world: _World | None = None

    def stop(self) -> None:
        super().stop()
        self._room.close()
        if self._world is not None:
            self._world.engine.close()
            self._world = None

    def named(self, request: Request) -> Request:
        """All of AWS is at one path: tests and faults know `/ec2/eu-west-1/RunInstances`."""
        self._asked.call = call = read_call(request)
        return Request(request.method, call.path, request.query, request.headers, request.body)

    def ambient(self, request_id: str) -> Mapping[str, str]:
        return {"x-amzn-RequestId": request_id}

    def answer(self, request: Request, request_id: str) -> Answer:
        call: Call = self._asked.call
        try:
            self._admit(request, call)
            answer = self._done(call)
        except Refusal as no:
            return refused(call, no, request_id)
        body = answer.body.replace(b">request-id<", f">{request_id}<".encode())
        return Answer(answer.status, body, answer.headers)

    def error(self, status: int, message: str, request_id: str) -> Answer:
        if 300 <= status < 400:
            return Answer(status)
        return refused(self._asked.call, refusal(status, message), request_id)

    def _admit(self, request: Request, call: Call) -> None:
        """Whether the key is right, and has the right. Raises Refusal."""
        if not self._limit.ask().passes:
            raise Refusal("RequestLimitExceeded", "Request limit exceeded.", 503)
        now = datetime.fromtimestamp(time(), UTC) + timedelta(seconds=self.temper.skew_seconds)
        asked = Request(request.method, "/", request.query, request.headers, request.body)
        signature.check(asked, call, key_id=self.token, secret=self.token, now=now)
        said = f"You are not authorized to perform this operation: {call.right}"
        if call.service == "ec2" and call.region in self.temper.denied_regions:
            denied = f"{said} with an explicit deny in a service control policy"
            raise Refusal("UnauthorizedOperation", denied, 403)
        if call.right in self.temper.forbidden:
            code = "UnauthorizedOperation" if call.service == "ec2" else "AccessDeniedException"
            raise Refusal(code, said, 403 if call.service != "pricing" else 400)

    def _done(self, call: Call) -> Answer:
        if call.service == "pricing" and call.operation == "GetProducts":
            return prices.get_products(call, self.temper.most_per_page)
        world = self._awake()
        if call.service != "ec2":
            return world.engine.ask(call)
        changed = world.fleet.pass_time()
        before = self.state.next_number
        try:
            return world.do(call, self.state)
        finally:
            if changed or self.state.next_number != before or call.operation in _SWITCHES:
                self._keep()

    def _awake(self) -> "_World":
        """moto, loaded when it is first needed, with all that it had. Raises Refusal."""
        if self._world is None:
            engine = Engine(self.state.account_id)
            try:
                deeds.redo(self.state, engine)
            except ValueError as error:
                engine.close()
                _LOG.exception("the rehearsal AWS cannot be brought back")
                said = f"{self._state_file} cannot be brought back: {error}"
                raise Refusal("InternalError", said, 500) from error
            fleet = Fleet(self.state, engine, self._room, self.temper, self.clock)
            renting = Renting(self.state, engine, fleet, self.temper)
            self._world = _World(engine, fleet, renting, Shelf(engine, self.temper))
        return self._world

    def _keep(self) -> None:
        if self._state_file is not None:
            self.state.save(self._state_file)


@dataclass(frozen=True)
class _World:
    """moto, and what makes it as unkind as EC2."""

    engine: Engine
    fleet: Fleet
    renting: Renting
    shelf: Shelf

    def do(self, call: Call, state: State) -> Answer:
        """What EC2 does. Raises Refusal."""
        doings: Mapping[str, Callable[[Call], Answer]] = {
            "RunInstances": self.renting.run,
            "DescribeInstances": self.fleet.describe,
            "StartInstances": self.fleet.start,
            "StopInstances": self.fleet.stop,
            "RebootInstances": self.fleet.reboot,
            "TerminateInstances": self.fleet.terminate,
            "DescribeRegions": self.shelf.regions,
            "DescribeInstanceTypes": self.shelf.types,
            "DescribeInstanceTypeOfferings": self.shelf.offerings,
        }
        if call.operation in doings:
            return doings[call.operation](call)
        self._guard(call, state)
        if call.operation in deeds.RECORDED:
            return deeds.do(call, state, self.engine, self.fleet.now)[0]
        return self.engine.ask(call)

    def _guard(self, call: Call, state: State) -> None:
        """What moto lets pass and EC2 does not. Raises Refusal."""
        if call.operation == "CreateTags":
            check_tags(tags_of(call, "Tag"))
        if call.operation == "DeleteSecurityGroup":
            # Until the very end: an instance that is shutting down has its network still.
            there = {r.id for r in state.rentals.values() if r.state != "terminated"}
            group_id = str(call.parameters.get("GroupId"))
            if group_id in self.engine.groups_in_use(call.region, there):
                said = f"resource {group_id} has a dependent object"
                raise Refusal("DependencyViolation", said)
