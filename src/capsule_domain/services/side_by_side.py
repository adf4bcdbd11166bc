"""Asking several at once, and waiting for all of them only so long."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

Answer = TypeVar("Answer")

AT_ONCE = 8
"""How many works on machines or servers go on at any time."""


def side_by_side(
    questions: Sequence[Callable[[], Answer]], *, deadline_seconds: float
) -> Sequence[Future[Answer]]:
    """The answers, in the order of `questions`, at the latest after `deadline_seconds`.

    A future that is not done had no time left: its thread is left alone, and ends with
    the process at the latest.
    """
    futures = [_started(question) for question in questions]
    wait(futures, timeout=deadline_seconds)
    return futures


def few_at_once(
    works: Sequence[Callable[[], Answer]], *, at_once: int = AT_ONCE
) -> Sequence[Future[Answer]]:
    """The outcomes, in the order of `works`, when the last is done; `at_once` at any time.

    Interrupted, what was not begun never begins; what was begun is left alone.
    """
    futures: list[Future[Answer]] = [Future() for _ in works]
    queue: SimpleQueue[tuple[Future[Answer], Callable[[], Answer]]] = SimpleQueue()
    for pair in zip(futures, works, strict=True):
        queue.put(pair)

    def take_turns() -> None:
        with suppress(Empty):
            while True:
                _work(*queue.get_nowait())

    for _ in range(min(at_once, len(works))):
        Thread(target=take_turns, daemon=True).start()
    try:
        wait(futures)
    except BaseException:
        with suppress(Empty):
            while True:
                queue.get_nowait()
        raise
    return futures


def _started(question: Callable[[], Answer]) -> Future[Answer]:
    # Not an executor: at its end, and at the process's, it would wait for the slowest.
    future: Future[Answer] = Future()
    Thread(target=_work, args=(future, question), daemon=True).start()
    return future


def _work(future: Future[Answer], question: Callable[[], Answer]) -> None:
    try:
        answer = question()
    except BaseException as error:  # whatever it is, who waits has to hear of it
        future.set_exception(error)
    else:
        future.set_result(answer)
