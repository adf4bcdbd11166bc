"""Machines behind droplets: slow work in threads, in order for each machine."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from functools import partial

from capsule_adapters.sandbox.digitalocean.state import Droplet
from capsule_adapters.sandbox.machines import Machines

_LOG = logging.getLogger("capsule.sandbox")
_WORKERS = 8
_GRACE_SECONDS = 1.0


class MachineRoom:
    """Does what happens to machines, so that the API can answer at once as the real one does."""

    def __init__(self, machines: Machines) -> None:
        self._machines = machines
        self._workers = _workers()
        self._last: dict[int, Future[str | None]] = {}

    def boot(self, droplet: Droplet) -> None:
        """Make the droplet's machine; `result` has its address when it is there."""
        boot = partial(
            self._machines.boot,
            str(droplet.id),
            name=droplet.name,
            public_keys=tuple(droplet.public_keys),
            user_data=droplet.user_data,
        )
        self._after_the_last(droplet.id, boot)

    def switch_on(self, droplet_id: int) -> None:
        self._after_the_last(droplet_id, lambda: self._machines.switch_on(str(droplet_id)))

    def switch_off(self, droplet_id: int) -> None:
        self._after_the_last(droplet_id, lambda: self._machines.switch_off(str(droplet_id)))

    def remove(self, droplet_id: int) -> None:
        self._after_the_last(droplet_id, lambda: self._machines.remove(str(droplet_id)))

    def is_idle(self, droplet_id: int) -> bool:
        """Whether nothing is being done to the machine; waits a moment for it."""
        last = self._last.get(droplet_id)
        if last is None:
            return True
        try:
            last.exception(timeout=_GRACE_SECONDS)
        except NotYet:
            return False
        return True

    def address(self, droplet_id: int) -> str | None:
        """The address that the last boot gave; None while it is not done, or when it failed."""
        last = self._last.get(droplet_id)
        if last is None or not last.done() or last.exception() is not None:
            return None
        return last.result()

    def close(self) -> None:
        """Wait for what was begun. The machines stay, and more work may come."""
        done, self._workers = self._workers, _workers()
        done.shutdown(wait=True)

    def _after_the_last(self, droplet_id: int, work: Callable[[], str | None]) -> None:
        before = self._last.get(droplet_id)

        def in_turn() -> str | None:
            if before is not None:
                before.exception()
            try:
                return work()
            except Exception:
                _LOG.exception("the machine of droplet %s failed", droplet_id)
                raise

        self._last[droplet_id] = self._workers.submit(in_turn)


def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_WORKERS, thread_name_prefix="machine-room")
