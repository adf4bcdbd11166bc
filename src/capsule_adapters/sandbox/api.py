"""Serving a rehearsal cloud's API over real HTTP on loopback, with trouble on demand."""

import json
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import format_datetime
from threading import RLock
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from capsule_adapters.sandbox.faults import Fault, Faults, Trouble
from capsule_adapters.sandbox.http import LoopbackServer, Reply, Request
from capsule_domain.ports.clock import Clock

_REMEMBERED_EXCHANGES = 10_000


@dataclass(frozen=True)
class Answer:
    """What the cloud says, before it is bytes. `body` None is no body at all.

    Bytes are sent as they are, and then `headers` say of what kind; all else is JSON.
    """

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Exchange:
    """One request and its answer, as tests look at them. The key is not kept.

    `status` is None when the connection was broken instead.
    """

    request: Request
    status: int | None
    headers: Mapping[str, str]
    body: bytes
    fault: Trouble | None


class CloudApi(ABC):
    """A cloud's API on loopback. A subclass is the cloud: it answers and words its errors."""

    secret_headers: tuple[str, ...] = ("authorization",)
    base_path: str = ""
    """What the cloud's own base URL has behind its host, such as `/v2`."""

    def __init__(
        self, *, clock: Clock, port: int = 0, observer: Callable[[Exchange], None] | None = None
    ) -> None:
        """`port` 0 takes a free one. `observer` is told of every exchange."""
        self.clock = clock
        self.faults = Faults()
        self.exchanges: deque[Exchange] = deque(maxlen=_REMEMBERED_EXCHANGES)
        self._observer = observer
        self._lock = RLock()
        self._server = LoopbackServer(self._reply, port)

    @abstractmethod
    def answer(self, request: Request, request_id: str) -> Answer:
        """What the cloud does and says. One request at a time."""

    @abstractmethod
    def error(self, status: int, message: str, request_id: str) -> Answer:
        """An error in the cloud's own form; an empty `message` takes the usual one."""

    def named(self, request: Request) -> Request:
        """As faults and tests know it: where all of a cloud is at one path, under a better one."""
        return request

    def ambient(self, request_id: str) -> Mapping[str, str]:
        """The headers that are on every answer."""
        return {"X-Request-Id": request_id}

    def start(self) -> str:
        """Serve; returns the base URL."""
        return self._server.start()

    def stop(self) -> None:
        """Stop serving and break every connection. Stopping twice is fine."""
        self._server.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The base URL, once started."""
        return self._server.url

    @property
    def endpoint(self) -> str:
        """What stands for the cloud's own base URL."""
        return self.url + self.base_path

    def count(self, method: str, path: str | None = None) -> int:
        """How many requests of that method, and exactly that path, came."""
        return sum(
            1
            for e in self.exchanges
            if e.request.method == method and path in (None, e.request.path)
        )

    def _reply(self, request: Request) -> Reply:
        request = self.named(request)
        fault = self.faults.take(request.method, request.path)
        request_id = str(uuid4())
        with self._lock:
            headers = dict(self.ambient(request_id))
            if fault is not None and fault.trouble is Trouble.RESET_BEFORE:
                reply = Reply(broken=True)
            elif fault is not None and fault.trouble is Trouble.STATUS:
                refused = self.error(fault.status, fault.message, request_id)
                reply = _encoded(refused, {**headers, **dict(fault.headers)})
            else:
                reply = _troubled(_encoded(self.answer(request, request_id), headers), fault)
        reply.headers["Date"] = format_datetime(self.clock.now(), usegmt=True)
        self._remember(request, reply, fault)
        return reply

    def _remember(self, request: Request, reply: Reply, fault: Fault | None) -> None:
        kept = {k: v for k, v in request.headers.items() if k not in self.secret_headers}
        exchange = Exchange(
            request=Request(request.method, request.path, request.query, kept, request.body),
            status=None if reply.broken else reply.status,
            headers=dict(reply.headers),
            body=reply.body,
            fault=None if fault is None else fault.trouble,
        )
        self.exchanges.append(exchange)
        if self._observer is not None:
            self._observer(exchange)


def _encoded(answer: Answer, headers: Mapping[str, str]) -> Reply:
    if isinstance(answer.body, bytes):
        return Reply(answer.status, {**headers, **answer.headers}, answer.body)
    body = b"" if answer.body is None else json.dumps(answer.body).encode()
    kind = {} if answer.body is None else {"Content-Type": "application/json; charset=utf-8"}
    return Reply(answer.status, {**kind, **headers, **answer.headers}, body)


def _troubled(reply: Reply, fault: Fault | None) -> Reply:
    """`reply` with the trouble that comes after the cloud acted."""
    if fault is None:
        return reply
    if fault.trouble is Trouble.RESET_AFTER:
        return Reply(broken=True)
    if fault.trouble is Trouble.SLOW:
        reply.pause_seconds = fault.seconds
    elif fault.trouble is Trouble.BODY:
        reply.status, reply.body = fault.status, fault.body
        reply.headers.update(fault.headers)
    elif fault.trouble is Trouble.HALF:
        reply.body = reply.body[: len(reply.body) // 2]
    elif fault.trouble is Trouble.ENDLESS:
        reply.padding_bytes = int(fault.seconds)
    elif fault.alter is not None:
        reply.body = _altered(reply.body, fault.alter)
    return reply


def _altered(body: bytes, alter: Callable[[Any], Any]) -> bytes:
    """What `alter` makes of the JSON, or of the text where it is none."""
    try:
        content = json.loads(body)
    except ValueError:
        return str(alter(body.decode())).encode()
    return json.dumps(alter(content)).encode()
