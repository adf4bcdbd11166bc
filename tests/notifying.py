"""Messages to be delivered, and HTTP servers that take them, or do not."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler

from capsule_domain.models.alert import Alert, AlertKey, AlertSeverity, AlertState
from capsule_domain.models.notification import Notification, NotificationKind
from tests.served import answering

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def alert(number: int = 1, *, message: str = "disk of / is at 97 %", over: bool = False) -> Alert:
    """The disk of `web-<number>`."""
    return Alert(
        id=f"a{number}",
        xnode=f"web-{number}",
        key=AlertKey(xnode_id=f"x{number}", rule="disk", instance="/"),
        severity=AlertSeverity.CRITICAL,
        state=AlertState.RESOLVED if over else AlertState.FIRING,
        message=message,
        value=97.0,
        since=NOON,
        seen_at=NOON,
        fired_at=NOON,
        resolved_at=NOON if over else None,
    )


def firing(id_: str = "m1", *alerts: Alert, thread: str = "t1") -> Notification:
    """A message that tells of alerts that fire: one, unless they are given."""
    return Notification(
        id=id_,
        group="disk",
        thread=thread,
        kind=NotificationKind.FIRING,
        firing=alerts or (alert(),),
        created_at=NOON,
    )


def resolved(id_: str = "m2", *, thread: str = "t1") -> Notification:
    """The message that tells of the end."""
    return Notification(
        id=id_,
        group="disk",
        thread=thread,
        kind=NotificationKind.RESOLVED,
        resolved=(alert(over=True),),
        created_at=NOON,
    )


@dataclass
class Answer:
    """One answer of the server. `endless`: its body never ends. `hangs`: there is none."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    endless: bool = False
    hangs: bool = False


@dataclass
class Receiver:
    """What was posted, by path; `answers` are given one after another, then 200."""

    url: str = ""
    posted: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    sent_bytes: int = 0


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A server that notes what it is sent, for the length of the block."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            answer = found.answers.pop(0) if found.answers else Answer()
            found.posted.append((self.path, dict(self.headers), body))
            if answer.hangs:
                found.released.wait(20)
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(answer.body)
                while answer.endless:
                    found.sent_bytes += self.wfile.write(b"x" * 65_536)
            except OSError:
                return

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing."""

    with answering(Handler) as url:
        found.url = url
        try:
            yield found
        finally:
            found.released.set()
