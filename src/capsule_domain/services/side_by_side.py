"""Asking several at once, and waiting for all of them only so long."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from threading import Thread
from typing import TypeVar

Answer = TypeVar("Answer")


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
