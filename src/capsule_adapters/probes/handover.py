"""From an event loop to a thread that waits."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class Handover(Generic[T]):
    """Takes things on an event loop, and hands them to one thread.

    What comes in one pass of the loop is handed over together: to wake the thread for each
    thing would cost more than most of them do.
    """

    def __init__(self) -> None:
        self._some: list[T] = []
        self._came: SimpleQueue[list[T] | Future[None]] = SimpleQueue()

    def give(self, one: T) -> None:
        """On the loop."""
        if not self._some:
            asyncio.get_running_loop().call_soon(self._hand_over)
        self._some.append(one)

    def until_done(self, work: "Future[None]") -> Iterator[T]:
        """In the thread: all that `work` gives until it ends. Raises what it raises."""
        work.add_done_callback(self._came.put)
        while not isinstance(some := self._came.get(), Future):
            yield from some
        some.result()

    def _hand_over(self) -> None:
        some, self._some = self._some, []
        self._came.put(some)
