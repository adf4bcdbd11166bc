"""Echo requests to many machines over one unprivileged socket a family."""

import asyncio
import ipaddress
import secrets
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

AT_ONCE = 32
"""How many are sent before answers are read: together they fit any receive buffer."""

SENT_AFTER_SECONDS = (0.0, 1.0, 2.5)
"""When a request is sent: one lost packet is not yet a machine that is down."""

_ECHO = {socket.AF_INET: 8, socket.AF_INET6: 128}
_REPLY = {socket.AF_INET: 0, socket.AF_INET6: 129}
_PROTOCOL = {socket.AF_INET: socket.IPPROTO_ICMP, socket.AF_INET6: socket.IPPROTO_ICMPV6}
_HEADER = struct.Struct("!BBHHH")
_NONCE_BYTES = 16
_BUFFER_BYTES = 4 * 1024 * 1024

Echo = asyncio.Future["float | None"]
"""Milliseconds until the answer; None when none came, or the address cannot be asked."""


class NotPermitted(Exception):
    """The system lets this user open no socket for echo requests."""


@dataclass
class _Asked:
    address: str
    echo: Echo
    sent_at: float = 0.0


def ask_echoes(addresses: Sequence[str], seconds: float) -> Mapping[str, Echo]:
    """The echo of each address, done at the latest after `seconds`. Raises NotPermitted.

    Linux replaces the identifier of such packets by one of its own: what tells an answer to
    us from any other is the sequence number with a random word that is new each time.
    """
    loop = asyncio.get_running_loop()
    echoes: dict[str, Echo] = {address: loop.create_future() for address in addresses}
    families: dict[socket.AddressFamily, list[_Asked]] = {}
    for address, echo in echoes.items():
        family = _family(address)
        if family is None:
            echo.set_result(None)
        else:
            families.setdefault(family, []).append(_Asked(address, echo))
    # The sequence number has 16 bits: more than that go out with a socket of their own.
    for family, asked in families.items():
        for start in range(0, len(asked), 0x10000):
            _Round(family, asked[start : start + 0x10000], seconds).begin()
    return echoes


class _Round:
    """One socket's worth of requests."""

    def __init__(
        self, family: socket.AddressFamily, asked: Sequence[_Asked], seconds: float
    ) -> None:
        self._family = family
        self._asked = asked
        self._seconds = seconds
        self._nonce = secrets.token_bytes(_NONCE_BYTES)
        self._open = len(asked)
        self._task: asyncio.Task[None] | None = None
        self._socket = _opened(family)

    def begin(self) -> None:
        """Send what is to be sent, and read what comes, by and by."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._socket, self._read)
        self._task = loop.create_task(self._send())
        self._task.add_done_callback(self._end)

    async def _send(self) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for after in (*SENT_AFTER_SECONDS, self._seconds):
            await self._until(begun + min(after, self._seconds))
            if not self._open or after >= self._seconds:
                return
            for number, one in enumerate(self._asked):
                if not one.echo.done():
                    self._send_one(number, one)
                if number % AT_ONCE == AT_ONCE - 1:
                    await asyncio.sleep(0)  # answers are read meanwhile

    async def _until(self, moment: float) -> None:
        """Sleep, but not once everyone has answered."""
        loop = asyncio.get_running_loop()
        while self._open and (left := moment - loop.time()) > 0:
            await asyncio.sleep(min(left, 0.05))

    def _send_one(self, number: int, one: _Asked) -> None:
        packet = _HEADER.pack(_ECHO[self._family], 0, 0, 0, number) + self._nonce
        if self._family is socket.AF_INET:
            packet = packet[:2] + _checksum(packet) + packet[4:]
        one.sent_at = time.perf_counter()
        try:
            self._socket.sendto(packet, (one.address, 0))
        except BlockingIOError:
            return  # the next round sends it
        except OSError:
            self._settle(one, None)  # no route, or forbidden by a firewall of ours

    def _read(self) -> None:
        while True:
            try:
                packet = self._socket.recv(2048)
            except BlockingIOError:
                return
            except OSError:
                continue  # an error that an earlier packet met; it is cleared by being read
            came_at = time.perf_counter()
            number = self._number_in(packet)
            if number is not None:
                one = self._asked[number]
                self._settle(one, (came_at - one.sent_at) * 1000)

    def _number_in(self, packet: bytes) -> int | None:
        """The sequence number of an answer to us; None for anything else."""
        if self._family is socket.AF_INET and packet[:1] and packet[0] >> 4 == 4:
            packet = packet[(packet[0] & 15) * 4 :]  # some systems leave the IP header on
        if len(packet) < _HEADER.size or packet[_HEADER.size :] != self._nonce:
            return None
        kind, code, _, _, number = _HEADER.unpack_from(packet)
        if kind != _REPLY[self._family] or code != 0 or number >= len(self._asked):
            return None
        return int(number)

    def _settle(self, one: _Asked, milliseconds: float | None) -> None:
        if not one.echo.done():
            one.echo.set_result(milliseconds)
            self._open -= 1

    def _end(self, _: "asyncio.Task[None]") -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        for one in self._asked:
            self._settle(one, None)


def _family(address: str) -> socket.AddressFamily | None:
    """None for a name: looking it up may take longer than all the echoes."""
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:
        return None
    return socket.AF_INET if version == 4 else socket.AF_INET6


def _opened(family: socket.AddressFamily) -> socket.socket:
    try:
        opened = socket.socket(family, socket.SOCK_DGRAM, _PROTOCOL[family])
    except OSError as error:  # forbidden, or a system that has no such sockets
        raise NotPermitted(str(error)) from error
    opened.settimeout(0)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    return opened


def _checksum(packet: bytes) -> bytes:
    """The Internet checksum, RFC 1071. Linux writes its own; other systems do not."""
    total = sum(struct.unpack(f"!{len(packet) // 2}H", packet))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~total & 0xFFFF)
