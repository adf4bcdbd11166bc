"""A small HTTP server on loopback whose connections can be broken on purpose."""

import json
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

_LONGEST_BODY_BYTES = 1024 * 1024
_POLL_SECONDS = 0.02
_PADDING = b" " * 65536


@dataclass(frozen=True)
class Request:
    """A request. Header names are in lower case; of a query name given twice the last counts."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body's JSON, or None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass
class Reply:
    """An answer as it goes over the wire, or a broken connection.

    `pause_seconds`: between the two halves of the body. `padding_bytes`: blanks that
    go before it.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    broken: bool = False
    pause_seconds: float = 0.0
    padding_bytes: int = 0


class LoopbackServer:
    """Answers on 127.0.0.1 with what `reply` says, a thread for each connection."""

    def __init__(self, reply: Callable[[Request], Reply], port: int = 0) -> None:
        self._reply = reply
        self._port = port
        self._server: _Server | None = None
        self._thread: Thread | None = None

    @property
    def url(self) -> str:
        """Such as `http://127.0.0.1:40123`."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> str:
        """Begin to serve; returns the URL. Raises OSError when the port is taken."""
        if self._server is None:
            self._server = _Server(("127.0.0.1", self._port), self._reply)
            self._port = self._server.server_address[1]
            self._thread = Thread(
                target=self._server.serve_forever, args=(_POLL_SECONDS,), daemon=True
            )
            self._thread.start()
        return self.url

    def stop(self) -> None:
        """End, and break what is still open. The port stays the same for the next start."""
        server, thread = self._server, self._thread
        self._server = self._thread = None
        if server is not None and thread is not None:
            server.stopping.set()
            server.shutdown()
            thread.join()
            server.break_connections()
            server.server_close()


class _Server(ThreadingMixIn, TCPServer):
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], reply: Callable[[Request], Reply]) -> None:
        self.reply = reply
        self.stopping = Event()
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def break_connections(self) -> None:
        """Wake the threads that wait for the next request on a kept connection."""
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # it is gone already

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def _serve(self) -> None:
        length = self.headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > _LONGEST_BODY_BYTES:
            self.close_connection = True
            return
        url = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=unquote(url.path),
            query=dict(parse_qsl(url.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(length)),
        )
        reply = self.server.reply(request)
        if reply.broken:
            self._break()
        else:
            self._send(reply)

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = _serve  # noqa: N815 (the base's names)

    def _send(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(reply.padding_bytes + len(reply.body)))
        self.end_headers()
        for start in range(0, reply.padding_bytes, len(_PADDING)):
            self.wfile.write(_PADDING[: reply.padding_bytes - start])
        half = len(reply.body) // 2 if reply.pause_seconds else 0
        self.wfile.write(reply.body[:half])
        if reply.pause_seconds:
            self.wfile.flush()
            self.server.stopping.wait(reply.pause_seconds)
        self.wfile.write(reply.body[half:])

    def _break(self) -> None:
        """Reset, so that the client sees an error and not a quiet end."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base's name)
        """Nothing: exchanges are remembered instead."""
