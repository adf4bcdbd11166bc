"""The shell that stays on a machine, against a real sshd."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from capsule_adapters.ssh import session
from capsule_adapters.ssh.shell_loop import ShellEnded, ShellLoop
from capsule_domain.ports.host import Target
from tests.sshd import Sshd


@asynccontextmanager
async def started(sshd: Sshd, body: str) -> AsyncIterator[ShellLoop]:
    """A loop whose script is `body`."""
    target = Target(
        address="127.0.0.1",
        port=sshd.port,
        user=sshd.user,
        key_alias="web",
        private_key=sshd.private_key,
    )
    connection = await session.log_in(
        target, trusted=[sshd.host_key], ssh_config=None, timeout_seconds=10
    )
    loop = await ShellLoop.start(connection, lambda _: body)
    try:
        yield loop
    finally:
        await loop.close()


async def closed(loop: ShellLoop) -> None:
    """When the machine has closed the channel, as this side knows."""
    async with asyncio.timeout(10):
        while not loop._channel.is_closing():
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(("body", "how"), [("exit 3", "3"), ("kill -KILL $$", "KILL")])
def test_a_shell_that_ended_before_it_was_asked_anything_says_how_it_ended(
    tmp_path: Path, body: str, how: str
) -> None:
    """And not that the connection broke, which would call the machine unreachable."""

    async def ask(sshd: Sshd) -> None:
        async with started(sshd, body) as loop:
            await closed(loop)
            assert not loop.is_open
            for _ in range(2):
                with pytest.raises(ShellEnded, match=how):
                    await loop.ask("", timeout_seconds=5)

    with Sshd(tmp_path / "sshd") as sshd:
        asyncio.run(ask(sshd))
