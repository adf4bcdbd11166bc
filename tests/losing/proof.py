"""Kills a collector again and again, and looks afterwards at who was told what."""

import json
import random
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from pydantic import SecretStr

from capsule_adapters.store.alert_book import SqliteAlertBook
from capsule_adapters.store.monitoring import YamlMonitoringChoices
from capsule_adapters.store.outbox import SqliteOutbox
from capsule_adapters.store.state import state_database
from capsule_domain.models.alert import AlertState
from capsule_domain.models.channels import ChannelSecrets, EmailChannel
from capsule_domain.models.monitoring import MonitoringSettings
from tests.mail import PASSWORD, USER, Mailbox, make_authority, smtp_server
from tests.served import answering
from tests.tools import ROOT

CHANNELS = ("email", "slack", "webhook")
_LONGEST_LIFE = 1.6
_END_SECONDS = 60.0


@dataclass
class Post:
    """What arrived, by channel: the ids of messages in the order in which they were taken.

    While `failing`, one of three is refused or cut off; each takes up to 50 ms.
    """

    chance: random.Random
    failing: bool = True
    taken: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in CHANNELS})
    bodies: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    refused: int = 0

    def verdict(self) -> str:
        time.sleep(self.chance.random() * 0.05)
        if not self.failing or self.chance.random() > 0.35:
            return "take"
        self.refused += 1
        return self.chance.choice(["500", "429", "cut", "take and cut"])


@dataclass
class Tally:
    """What came of it."""

    kills: int = 0
    fired: int = 0
    resolved: int = 0
    messages: int = 0
    deliveries: int = 0
    twice: int = 0
    refused: int = 0
    failures: list[str] = field(default_factory=list)


def run(home: Path, kills: int, *, seed: int = 1) -> Tally:
    """`kills` collectors, one after another on one home, then one that comes to its end."""
    chance, tally = random.Random(seed), Tally()  # noqa: S311  (moments, not secrets)
    post = Post(random.Random(seed + 1))  # noqa: S311
    heard: list[str] = []
    with ExitStack() as stack:
        url = stack.enter_context(answering(_handler(post)))
        authority = make_authority(home / "tls")
        mailbox, port = stack.enter_context(smtp_server(home / "tls"))
        mails = _Mails(mailbox, post)
        _configure(home, url, authority, port)
        began = f"{time.time()}"
        for number in range(kills):
            mails.unsettle()
            with _collector(home, began) as process:
                heard += _lines_for(process, chance.random() * _LONGEST_LIFE, number == 0)
                process.send_signal(signal.SIGKILL)
            tally.kills += 1
        post.failing = False
        mailbox.refuses.clear()
        heard += _to_the_end(home, began)
        mails.collect()
    _judge(home, post, heard, tally)
    return tally


class _Mails:
    """The mailbox's doings, as the post has them."""

    def __init__(self, mailbox: Mailbox, post: Post) -> None:
        self._mailbox, self._post = mailbox, post

    def unsettle(self) -> None:
        """Refuse some of those to come."""
        if self._post.chance.random() < 0.4:
            self._mailbox.refuses.append("451 not now")
            self._post.refused += 1

    def collect(self) -> None:
        ids = [str(taken["Message-ID"]).strip("<>") for taken in self._mailbox.taken]
        self._post.taken["email"] = [id_.partition(".")[0] for id_ in ids]


def _handler(post: Post) -> type[BaseHTTPRequestHandler]:
    """Slack at /slack, which knows its messages by the id at their end; else a webhook."""
    turn = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with turn:
                verdict = post.verdict()
                if verdict.startswith("take"):
                    self._take(body)
            if verdict.endswith("cut"):
                self.close_connection = True
                return
            self.send_response({"500": 500, "429": 429}.get(verdict, 200))
            if verdict == "429":
                self.send_header("retry-after", "3")
            self.send_header("content-length", "0")
            self.end_headers()

        def _take(self, body: dict[str, object]) -> None:
            if self.path == "/slack":
                blocks = body["blocks"]
                assert isinstance(blocks, list)
                post.taken["slack"].append(blocks[-1]["elements"][0]["text"])
                return
            post.taken["webhook"].append(self.headers["webhook-id"])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing."""

    return Handler


def _configure(home: Path, url: str, authority: Path, port: int) -> None:
    choices = YamlMonitoringChoices(home, {}, nullcontext)
    mail = EmailChannel(
        enabled=True,
        host="127.0.0.1",
        port=port,
        username=USER,
        sender="capsule@example.org",
        recipients=("ops@example.org",),
        ca_file=str(authority),
    )
    choices.save(MonitoringSettings(console=False, email=mail, slack=True, webhook=True))
    choices.keep(
        ChannelSecrets(
            smtp_password=SecretStr(PASSWORD),
            slack_webhook=SecretStr(f"{url}/slack"),
            webhook_url=SecretStr(f"{url}/hook"),
        )
    )


@contextmanager
def _collector(home: Path, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.losing.collector", str(home), *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _lines_for(process: "subprocess.Popen[str]", seconds: float, patient: bool) -> Sequence[str]:  # noqa: FBT001
    """What it says, from its start on, for so long; `patient`: and until an alert has fired."""
    assert process.stdout is not None
    found = [process.stdout.readline()]
    assert found[0].startswith("started"), found
    until = time.monotonic() + seconds
    latest = time.monotonic() + _END_SECONDS
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            waits = patient and not any(line.startswith("fired") for line in found)
            left = (latest if waits else until) - time.monotonic()
            if left <= 0:
                return found
            if selector.select(left):
                found.append(process.stdout.readline())


def _to_the_end(home: Path, began: str) -> list[str]:
    """A collector over machines that are well, until nothing fires and nothing waits."""
    until = time.monotonic() + _END_SECONDS
    with _collector(home, began, "quiet") as process:
        while time.monotonic() < until and not _is_over(home):
            time.sleep(0.1)
        process.terminate()
        assert process.stdout is not None
        return process.stdout.readlines()


def _is_over(home: Path) -> bool:
    database = state_database(home)
    try:
        book = SqliteAlertBook(database)
        firing = any(alert.state is not AlertState.RESOLVED for alert in book.list())
        told = database.rows("SELECT count(*) FROM alert_groups")[0][0]
        return not firing and not told and SqliteOutbox(database).waiting() == 0
    finally:
        database.close()


def _judge(home: Path, post: Post, heard: Sequence[str], tally: Tally) -> None:
    """The book against what arrived: nothing is missing, nothing has two ids, all is in order."""
    database = state_database(home)
    rows = database.rows("SELECT id, body FROM notifications ORDER BY sequence")
    alerts = {alert.id: alert for alert in SqliteAlertBook(database).list()}
    waiting, dead = SqliteOutbox(database).waiting(), len(SqliteOutbox(database).dead())
    database.close()
    messages = {id_: json.loads(body) for id_, body in rows}
    begun = Counter(one["id"] for m in messages.values() for one in m["firing"])
    ended = Counter(one["id"] for m in messages.values() for one in m["resolved"])
    tally.fired = sum(alert.fired_at is not None for alert in alerts.values())
    tally.resolved = sum(alert.resolved_at is not None for alert in alerts.values())
    tally.messages, tally.refused = len(messages), post.refused
    tally.deliveries = sum(len(ids) for ids in post.taken.values())
    tally.twice = sum(len(ids) - len(set(ids)) for ids in post.taken.values())
    tell = tally.failures.append
    if waiting or dead:
        tell(f"{waiting} wait, {dead} were given up")
    for id_, alert in alerts.items():
        if alert.fired_at and (begun[id_], ended[id_]) != (1, 1):
            tell(f"alert {id_}: begins in {begun[id_]} messages, ends in {ended[id_]}")
    for line in heard:
        kind, _, id_ = line.strip().partition(" ")
        if kind in ("fired", "resolved") and id_ not in alerts:
            tell(f"alert {id_} was {kind}, and the book does not know it")
    order = list(messages)
    for channel, ids in post.taken.items():
        if set(ids) != set(messages):
            tell(f"{channel}: {len(set(messages) - set(ids))} never arrived")
        tell_unordered(channel, ids, {id_: order.index(id_) for id_ in order}, messages, tally)


def tell_unordered(
    channel: str,
    ids: Sequence[str],
    places: dict[str, int],
    messages: dict[str, dict[str, str]],
    tally: Tally,
) -> None:
    """Of each group what was made first arrived first."""
    last: dict[str, int] = {}
    for id_ in dict.fromkeys(ids):
        if id_ not in messages:
            tally.failures.append(f"{channel}: {id_} is in no book")
            continue
        thread = messages[id_]["thread"]
        if places[id_] < last.get(thread, -1):
            tally.failures.append(f"{channel}: {id_} came after what followed it")
        last[thread] = places[id_]
