"""A TCP way to a machine that can be cut, for as long as one likes."""

import socket
import struct
import time
from contextlib import suppress
from threading import Lock, Thread

_RESET = struct.pack("ii", 1, 0)


class Wire:
    """Leads `port` on loopback on to another one; until it is cut, and after the outage again."""

    def __init__(self, port: int, to: int) -> None:
        self._to = to
        self._out_until = 0.0
        self._lock = Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", port))
        Thread(target=self._serve, daemon=True).start()

    def cut(self, outage_seconds: float) -> None:
        """All connections break, and new ones are refused for so long."""
        self._out_until = time.monotonic() + outage_seconds
        with self._lock:
            ends, self._open = self._open, set()
        for end in ends:
            _reset(end)

    def _serve(self) -> None:
        while True:
            near, _ = self._listener.accept()
            if time.monotonic() < self._out_until:
                _reset(near)
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self._to), 5)
            except OSError:
                _reset(near)
                continue
            far.settimeout(None)
            with self._lock:
                self._open |= {near, far}
            for source, sink in ((near, far), (far, near)):
                Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65536):
            sink.sendall(chunk)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _reset(end: socket.socket) -> None:
    """Gone at once, as when a cable is pulled: nothing is said any more."""
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        end.shutdown(socket.SHUT_RDWR)
        end.close()
