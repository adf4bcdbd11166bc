"""What the accounts at all rehearsal clouds do alike: they are kept, and their machines boot."""

from abc import abstractmethod
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Generic, Protocol, Self, TypedDict, TypeVar, Unpack

from capsule_adapters.clock import SystemClock
from capsule_adapters.sandbox.api import Answer, CloudApi, Exchange
from capsule_adapters.sandbox.http import Request
from capsule_adapters.sandbox.machine_room import MachineRoom, Rented
from capsule_adapters.sandbox.machines import Machines
from capsule_domain.ports.clock import Clock


class State(Protocol):
    """All that an account holds. An empty one is made without arguments."""

    def save(self, file: Path) -> None:
        """Write it all or not at all. Raises OSError."""

    @classmethod
    def load(cls, file: Path) -> Self:
        """What was saved, or an empty one. Raises OSError, and ValueError for junk."""


S = TypeVar("S", bound=State)


class Usual(TypedDict, total=False):
    """What every rehearsal cloud may be given.

    `clock` None takes the real time; `token` None makes one. `state_file`: where the account
    is kept after each change, and found again. `port` 0 takes a free one. `observer` is told
    of every exchange.
    """

    clock: Clock | None
    state_file: Path | None
    port: int
    token: str | None
    observer: Callable[[Exchange], None] | None


class AccountApi(CloudApi, Generic[S]):
    """One account at a rehearsal cloud, over `machines`. A subclass is the cloud.

    Its constructor raises OSError and ValueError when the state cannot be read.
    """

    def __init__(
        self, machines: Machines, state: type[S], new_token: str, **usual: Unpack[Usual]
    ) -> None:
        """`new_token`: of the cloud's own form, where none is given."""
        super().__init__(
            clock=usual.get("clock") or SystemClock(),
            port=usual.get("port", 0),
            observer=usual.get("observer"),
        )
        self.token = usual.get("token") or new_token
        self._state_file = usual.get("state_file")
        self.state: S = state() if self._state_file is None else state.load(self._state_file)
        self._room = MachineRoom(machines)

    def stop(self) -> None:
        super().stop()
        self._room.close()

    @abstractmethod
    def _pass_time(self) -> bool:
        """What was begun comes to its end; tells whether anything did."""

    @abstractmethod
    def _done(self, request: Request, request_id: str) -> Answer:
        """What the cloud does for one who may ask, or its refusal."""

    def _admitted(self, request: Request, request_id: str) -> Answer:
        """The answer to one who may ask; what it changed is kept."""
        changed = self._pass_time()
        answer = self._done(request, request_id)
        if changed or (request.method != "GET" and answer.status < 400):
            self._keep()
        return answer

    def _keep(self) -> None:
        if self._state_file is not None:
            self.state.save(self._state_file)

    def _boot_again(self, unfinished: Iterable[Rented]) -> None:
        """Each may be half made, or made without our having heard of it."""
        for server in unfinished:
            self._room.remove(server.id)
            self._room.boot(server)
