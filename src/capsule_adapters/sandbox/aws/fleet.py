"""The life of instances: pending first, ways between states, machines behind them."""

from collections.abc import Callable
from zlib import crc32

from capsule_adapters.sandbox.api import Answer
from capsule_adapters.sandbox.aws import deeds
from capsule_adapters.sandbox.aws.engine import Engine
from capsule_adapters.sandbox.aws.showing import show
from capsule_adapters.sandbox.aws.state import Rental, State
from capsule_adapters.sandbox.aws.temper import Temper
from capsule_adapters.sandbox.aws.wire import Call, Refusal
from capsule_adapters.sandbox.machine_room import MachineRoom
from capsule_domain.ports.clock import Clock

_SHOWN_AFTER_SECONDS = 3600.0


class Fleet:
    """All instances of the account. Each request is done whole before the next."""

    def __init__(
        self, state: State, engine: Engine, room: MachineRoom, temper: Temper, clock: Clock
    ) -> None:
        self._state = state
        self._engine = engine
        self._room = room
        self._temper = temper
        self._clock = clock
        for rental in state.rentals.values():
            if rental.state == "pending" and rental.address is None:
                # It may be half made, or made without our having heard of it.
                room.remove(rental.id)
                room.boot(rental)
            show(engine, rental)

    @property
    def now(self) -> float:
        """Unix seconds."""
        return self._clock.now().timestamp()

    def move_in(self, rental: Rental) -> None:
        """A new instance, whose machine boots."""
        self._state.rentals[rental.id] = rental
        show(self._engine, rental)
        self._room.boot(rental)

    def pass_time(self) -> bool:
        """Instances come up, stop and vanish; tells whether any did."""
        before = {rental.id: rental.state for rental in self._state.rentals.values()}
        for rental in list(self._state.rentals.values()):
            if rental.due_at <= self.now and self._moved_on(rental):
                show(self._engine, rental)
        return before != {rental.id: rental.state for rental in self._state.rentals.values()}

    def describe(self, call: Call) -> Answer:
        """DescribeInstances: late in lists, and in pages."""
        ids = call.several("InstanceId")
        young_seconds = self._temper.unknown_seconds if ids else self._temper.settling_seconds
        hidden = {
            rental.id
            for rental in self._state.rentals.values()
            if self.now - rental.created_at < young_seconds
        }
        size = min(int(call.parameters.get("MaxResults", 1000)), self._temper.most_per_page)
        paged = {} if ids else {"MaxResults": str(size)}
        parameters = {**call.parameters, **paged}
        with self._engine.hidden(call.region, hidden):
            return self._engine.ask(Call("ec2", call.region, call.operation, parameters))

    def start(self, call: Call) -> Answer:
        """StartInstances."""
        return self._switch(call, {"stopped"}, {"running", "pending"}, self._start)

    def stop(self, call: Call) -> Answer:
        """StopInstances."""
        return self._switch(call, {"running"}, {"stopped", "stopping"}, self._stop)

    def reboot(self, call: Call) -> Answer:
        """RebootInstances: it stays running all the while."""
        return self._switch(call, {"running"}, set(), self._reboot)

    def terminate(self, call: Call) -> Answer:
        """TerminateInstances, from whatever state."""
        anything = {"pending", "running", "stopping", "stopped"}
        return self._switch(call, anything, {"shutting-down", "terminated"}, self._end)

    def _switch(
        self, call: Call, origins: set[str], done: set[str], switch: Callable[[Rental], None]
    ) -> Answer:
        wanted = call.several("InstanceId")
        rentals = [r for i in wanted if (r := self._known(i, call.region)) is not None]
        if len(rentals) == len(wanted):
            for rental in rentals:
                if rental.state not in origins | done:
                    raise Refusal(
                        "IncorrectInstanceState",
                        f"The instance '{rental.id}' is not in a state from which it can be "
                        f"changed so: {rental.state}.",
                    )
        answer = self._engine.ask(call)  # which knows no instance that we do not
        for rental in rentals:
            if answer.status == 200 and rental.state in origins:
                switch(rental)
            show(self._engine, rental)
        return answer

    def _known(self, instance_id: str, region: str) -> Rental | None:
        rental = self._state.rentals.get(instance_id)
        if rental is None or rental.region != region:
            return None
        if self.now - rental.created_at < self._temper.unknown_seconds:
            said = f"The instance ID '{instance_id}' does not exist"
            raise Refusal("InvalidInstanceID.NotFound", said)
        return rental

    def _start(self, rental: Rental) -> None:
        self._set(rental, "pending", self._temper.switch_seconds)
        rental.launched_at = self.now
        if self._temper.new_address_on_start:
            number = crc32(f"{rental.id} {self.now}".encode()) % 65_000
            rental.address = f"127.77.{number // 250}.{number % 250 + 1}"
        self._room.switch_on(rental.id)

    def _stop(self, rental: Rental) -> None:
        self._set(rental, "stopping", self._temper.switch_seconds)
        self._room.switch_off(rental.id)

    def _reboot(self, rental: Rental) -> None:
        self._room.switch_off(rental.id)
        self._room.switch_on(rental.id)

    def _end(self, rental: Rental) -> None:
        self._set(rental, "shutting-down", self._temper.end_seconds)
        self._room.remove(rental.id)

    def _set(self, rental: Rental, state: str, seconds: float) -> None:
        rental.state, rental.due_at = state, self.now + seconds

    def _moved_on(self, rental: Rental) -> bool:
        """Whether it came to the end of the way that it was on."""
        if rental.state == "terminated":
            self._state.rentals.pop(rental.id)
            deeds.forget(self._state, rental.id)
            self._engine.forget_instance(rental.region, rental.id)
            return False
        if rental.state == "pending":
            if not self._room.is_idle(rental.id):
                return False
            rental.address = rental.address or self._room.address(rental.id)
            if rental.address is None:
                return False
            rental.user_data = ""
        after = {"pending": "running", "stopping": "stopped", "shutting-down": "terminated"}
        if rental.state not in after:
            return False
        self._set(rental, after[rental.state], _SHOWN_AFTER_SECONDS)
        return True
