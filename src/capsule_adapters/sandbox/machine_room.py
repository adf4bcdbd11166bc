"""Machines behind rented servers: slow work in threads, in order for each machine."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from functools import partial
from typing import Protocol

from capsule_adapters.sandbox.machines import Machines

_LOG = logging.getLogger("capsule.sandbox")
_WORKERS = 8
_GRACE_SECONDS = 1.0


class Rented(Protocol):
    """What a cloud knows of a server that is to boot. Ids are never those of another cloud."""

    @property
    def id(self) -> int | str: ...

    @property
    def name(self) -> str: ...

    @property
    def public_keys(self) -> Sequence[str]: ...

    @property
    def user_data(self) -> str:
        """As text, whatever the cloud's own form."""


class MachineRoom:
    """Does what happens to machines, so that the API can answer at once as the real one does."""

    def __init__(self, machines: Machines) -> None:
        self._machines = machines
        self._workers = _workers()
        self._last: dict[int | str, Future[str | None]] = {}

    def boot(self, server: Rented) -> None:
        """Make the server's machine; `address` tells when it is there."""
        boot = partial(
            self._machines.boot,
            str(server.id),
            name=server.name,
            public_keys=tuple(server.public_keys),
            user_data=server.user_data,
        )
        self._after_the_last(server.id, boot)

    def switch_on(self, server_id: int | str) -> None:
        self._after_the_last(server_id, lambda: self._machines.switch_on(str(server_id)))

    def switch_off(self, server_id: int | str) -> None:
        self._after_the_last(server_id, lambda: self._machines.switch_off(str(server_id)))

    def remove(self, server_id: int | str) -> None:
        self._after_the_last(server_id, lambda: self._machines.remove(str(server_id)))

    def is_idle(self, server_id: int | str) -> bool:
        """Whether nothing is being done to the machine; waits a moment for it."""
        last = self._last.get(server_id)
        if last is None:
            return True
        try:
            last.exception(timeout=_GRACE_SECONDS)
        except NotYet:
            return False
        return True

    def address(self, server_id: int | str) -> str | None:
        """The address that the last boot gave; None while it is not done, or when it failed."""
        last = self._last.get(server_id)
        if last is None or not last.done() or last.exception() is not None:
            return None
        return last.result()

    def close(self) -> None:
        """Wait for what was begun. The machines stay, and more work may come."""
        done, self._workers = self._workers, _workers()
        done.shutdown(wait=True)

    def _after_the_last(self, server_id: int | str, work: Callable[[], str | None]) -> None:
        before = self._last.get(server_id)

        def in_turn() -> str | None:
            if before is not None:
                before.exception()
            try:
                return work()
            except Exception:
                _LOG.exception("the machine of server %s failed", server_id)
                raise

        self._last[server_id] = self._workers.submit(in_turn)


def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_WORKERS, thread_name_prefix="machine-room")
