"""Many small readings instead of a large one: side by side, and past what is broken."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from capsule_adapters.nix.index.memory import Share
from capsule_adapters.nix.pulse import Pulse
from capsule_domain.errors import HostError, NixFailed

T = TypeVar("T")
Read = Callable[[Sequence[T]], Sequence[object]]

MOST_BROKEN = 2000
_POLL_SECONDS = 0.2


class SharedPulse(Pulse):
    """One pulse for several processes; `stop` ends them at their next beat."""

    def __init__(self, progress: Callable[[float, str], None]) -> None:
        super().__init__(progress)
        self._turn = threading.Lock()
        self._stopped = threading.Event()

    def beat(self, line: str | None = None) -> None:
        """Time has passed, in one of the processes; perhaps something was said."""
        if self._stopped.is_set():
            raise HostError("the work was given up")
        with self._turn:
            super().beat(line)

    def stop(self) -> None:
        """Let nobody go on."""
        self._stopped.set()


def read_in_chunks(
    items: Sequence[T],
    read: Read[T],
    *,
    share: Share,
    pulse: SharedPulse,
    broken: list[T],
) -> Iterator[tuple[Sequence[T], Sequence[object]]]:
    """Chunks of `items` with what `read` answers for them, in no order.

    A chunk that Nix fails at is halved until the item at fault is found; it is put into
    `broken`. Raises NixFailed when that is more than a few.
    """
    todo = [items[start : start + share.chunk] for start in range(0, len(items), share.chunk)]
    running: dict[Future[Sequence[object]], Sequence[T]] = {}
    with ThreadPoolExecutor(share.workers, thread_name_prefix="capsule-index") as pool:
        try:
            while todo or running:
                while todo and len(running) < share.workers:
                    chunk = todo.pop()
                    running[pool.submit(read, chunk)] = chunk
                done, _ = wait(running, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
                for future in done:
                    chunk = running.pop(future)
                    try:
                        answers = future.result()
                    except NixFailed as error:
                        todo += _halved(chunk, broken, error)
                    else:
                        yield chunk, answers
                pulse.beat()
        except BaseException:
            pulse.stop()
            raise


def _halved(chunk: Sequence[T], broken: list[T], error: NixFailed) -> list[Sequence[T]]:
    if len(chunk) > 1:
        middle = len(chunk) // 2
        return [chunk[:middle], chunk[middle:]]
    broken += chunk
    if len(broken) > MOST_BROKEN:
        raise NixFailed(
            f"more than {MOST_BROKEN} packages cannot be read: {error.message}",
            lines=error.lines,
            hint="try another nixpkgs: capsule pkg index --nixpkgs FOLDER",
        ) from error
    return []
