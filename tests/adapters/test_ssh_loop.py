"""The event loop behind synchronous ports."""

import asyncio
import gc
import signal
import subprocess
import sys
import threading
import time

import pytest

from capsule_adapters.ssh.loop import LoopThread


async def answer() -> int:
    await asyncio.sleep(0)
    return 42


def test_it_starts_on_first_use_and_gives_the_result() -> None:
    loop = LoopThread()
    assert loop.call(answer()) == 42
    loop.stop()


def test_stopped_it_can_be_used_again() -> None:
    loop = LoopThread()
    loop.stop()
    for _ in range(3):
        assert loop.call(answer()) == 42
        loop.stop()


def test_the_error_of_the_work_is_the_callers() -> None:
    async def fail() -> None:
        raise KeyError("it")

    loop = LoopThread()
    with pytest.raises(KeyError, match="it"):
        loop.call(fail())
    loop.stop()


def test_work_that_takes_too_long_is_cancelled() -> None:
    cancelled = threading.Event()

    async def dawdle() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    loop = LoopThread()
    with pytest.raises(TimeoutError):
        loop.call(dawdle(), timeout_seconds=0.05)
    assert cancelled.wait(5)
    loop.stop()


def test_stopping_ends_what_still_runs() -> None:
    ended = threading.Event()

    async def serve() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    async def start() -> asyncio.Task[None]:
        task = asyncio.create_task(serve())
        await asyncio.sleep(0)
        return task

    loop = LoopThread()
    loop.call(start())
    loop.stop()
    assert ended.is_set()


def test_a_loop_that_nobody_has_any_more_ends_its_thread() -> None:
    loop = LoopThread("capsule-test-collected")
    loop.call(answer())
    del loop
    gc.collect()
    assert "capsule-test-collected" not in {thread.name for thread in threading.enumerate()}


def test_many_threads_share_one_loop() -> None:
    loop = LoopThread("capsule-test-shared")
    results: list[int] = []
    threads = [
        threading.Thread(target=lambda: results.append(loop.call(answer()))) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [42] * 16
    loop.stop()


def test_ctrl_c_ends_the_waiting_at_once() -> None:
    program = (
        "import asyncio\n"
        "from capsule_adapters.ssh.loop import LoopThread\n"
        "async def dawdle():\n"
        "    print('waiting', flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "try:\n"
        "    LoopThread().call(dawdle(), timeout_seconds=60)\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted', flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (out, err, process.returncode) == ("interrupted\n", "", 0)
    assert time.monotonic() - begun < 10
