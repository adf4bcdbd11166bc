"""A loopback proxy before a rehearsal cloud, which strikes at one chosen request."""

import http.client
import re
import socket
import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from time import monotonic
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

_POLL_SECONDS = 0.02
_HOP_BY_HOP = ("connection", "keep-alive", "transfer-encoding", "content-length", "date", "server")
_IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/)\d+(?=/|$)|capsule-[0-9a-f]{10,12}", re.ASCII)


class Blow(Enum):
    """What happens at the chosen request."""

    BEFORE = "killed before it was sent"
    SENT = "killed after it was sent"
    ANSWERED = "killed after the answer"
    LOST = "its answer lost"


@dataclass(frozen=True)
class Asked:
    """A request by what it asks for, whatever the ids in it; `time` is only ever compared."""

    what: str
    occurrence: int
    time: float = field(default=0.0, compare=False)


@dataclass
class Proxy:
    """Passes everything on to `upstream`. `strike` is called at most once, at `target`."""

    upstream: str
    target: Asked | None = None
    blow: Blow | None = None
    strike: Callable[[], None] = lambda: None
    gate: Callable[[], None] = lambda: None
    """Called before each request is passed on."""
    instead: Callable[[str, bytes], tuple[int, bytes] | None] = lambda _what, _body: None
    """Told a request and its body: what is answered to it in the cloud's stead, as JSON."""
    ahead: timedelta = timedelta()
    """How far ahead of ours the cloud's clock seems to be."""
    asked: list[Asked] = field(default_factory=list)
    struck: bool = False

    def __post_init__(self) -> None:
        self._lock = Lock()
        self._counts: Counter[str] = Counter()
        proxy = self

        class Handler(_Handler):
            def handle_one(self) -> None:
                proxy.pass_on(self)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]

    @property
    def endpoint(self) -> str:
        """What stands for the upstream's base URL."""
        port, path = self._server.server_address[1], urlsplit(self.upstream).path
        return f"http://127.0.0.1:{port}{path}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(_POLL_SECONDS,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def pass_on(self, client: "_Handler") -> None:
        """One request there and back."""
        self.gate()
        body = client.body()
        blow = self._blow_for(client, body)
        if blow is Blow.BEFORE:
            self.strike()
            client.hang_up()
            return
        status, headers, answer = self._refusal(client, body) or self._answer(client, body)
        if blow is Blow.SENT:
            self.strike()
        if blow in (Blow.SENT, Blow.LOST):
            client.hang_up()
            return
        client.reply(status, [self._dated(*header) for header in headers], answer)
        if blow is Blow.ANSWERED:
            self.strike()

    def _refusal(
        self, client: "_Handler", body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes] | None:
        what = _what(client.command, client.path, dict(client.headers.items()), body)
        said = self.instead(what, body)
        return said and (said[0], [("Content-Type", "application/json")], said[1])

    def _dated(self, name: str, value: str) -> tuple[str, str]:
        if name.lower() != "date" or not self.ahead:
            return name, value
        return name, format_datetime(parsedate_to_datetime(value) + self.ahead, usegmt=True)

    def _blow_for(self, client: "_Handler", body: bytes) -> Blow | None:
        what = _what(client.command, client.path, dict(client.headers.items()), body)
        with self._lock:
            asked = Asked(what, self._counts[what], monotonic())
            self._counts[what] += 1
            self.asked.append(asked)
            if asked != self.target:
                return None
            self.struck = True
            return self.blow

    def _answer(self, client: "_Handler", body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(urlsplit(self.upstream).netloc, timeout=60)
        try:
            connection.putrequest(
                client.command, client.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in client.headers.items():
                if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                    connection.putheader(name, value)
            if body or client.command in ("POST", "PUT", "PATCH"):
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_one(self) -> None:
        raise NotImplementedError

    def log_message(self, *_given: Any) -> None:
        """Nobody reads it."""

    def body(self) -> bytes:
        """All of the request's."""
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def hang_up(self) -> None:
        """Break the connection, so that no answer comes."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def reply(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Pass an answer on."""
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _HOP_BY_HOP or name.lower() == "date":
                self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.handle_one
        raise AttributeError(name)


def _what(method: str, path: str, headers: dict[str, str], body: bytes) -> str:
    """A request's own name: where all of a cloud is at one path, its operation."""
    lower = {name.lower(): value for name, value in headers.items()}
    if "x-amz-target" in lower:
        return lower["x-amz-target"]
    if method == "POST" and "application/x-www-form-urlencoded" in lower.get("content-type", ""):
        return f"{parse_qs(body.decode()).get('Action', ['?'])[0]}"
    parts = urlsplit(path)
    asked = f"?{parts.query}" if parts.query else ""
    action = re.search(rb'"(?:action|type)": ?"([a-z_]+)"', body) if method == "POST" else None
    told = f" {action[1].decode()}" if action else ""
    return f"{method} {_IDS.sub('*', parts.path + asked)}{told}"
