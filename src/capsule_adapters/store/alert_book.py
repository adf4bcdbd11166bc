"""The book of alerts in state.db."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from capsule_adapters.store.faults import reading_records
from capsule_adapters.store.moments import to_microseconds
from capsule_adapters.store.outbox import forget, put
from capsule_adapters.store.prefixes import prefix_range, storable
from capsule_adapters.store.sqlite import Database, Parameters, Row, Transaction
from capsule_domain.errors import Conflict, NotFound
from capsule_domain.models.alert import LONGEST_FLAP_WINDOW_SECONDS, Alert, AlertState
from capsule_domain.models.book import AlertFilter, Entry, Page
from capsule_domain.models.notification import GroupLog
from capsule_domain.models.silence import Silence
from capsule_domain.services.one_of import one_of

_REMEMBERED = timedelta(seconds=LONGEST_FLAP_WINDOW_SECONDS)
"""How long after its end an alert still tells whether the next of its kind came back soon."""

_KEEP = """
    INSERT INTO alerts
        (id, xnode_id, rule, instance, state, severity, rank, since_us, resolved_us, body)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET
        state = excluded.state, severity = excluded.severity, rank = excluded.rank,
        since_us = excluded.since_us, resolved_us = excluded.resolved_us, body = excluded.body
"""
_TOLD = "SELECT key FROM alert_groups, json_each(json_extract(alert_groups.body, '$.told'))"
_PAGE = f"""
    SELECT body FROM alerts WHERE resolved_us IS NULL
    UNION ALL
    SELECT body FROM (
        SELECT body, max(resolved_us) FROM alerts AS one
        WHERE resolved_us > ? AND NOT EXISTS (
            SELECT 1 FROM alerts AS open WHERE open.resolved_us IS NULL
            AND open.xnode_id = one.xnode_id AND open.rule = one.rule
            AND open.instance = one.instance
        )
        GROUP BY xnode_id, rule, instance
    )
    UNION
    SELECT body FROM alerts WHERE id IN ({_TOLD})
"""  # noqa: S608 (fixed texts)
_HINTS = {
    "alert": "capsule openmesh monitor alerts",
    "silence": "capsule openmesh monitor silence list",
}


class SqliteAlertBook:
    """`AlertBook` over state.db: each call is one transaction, on the disk when it returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, now: datetime) -> Page:
        """What has to be known to go on from `now`."""
        with reading_records(self._database.path), self._database.snapshot() as transaction:
            alerts = transaction.rows(_PAGE, (to_microseconds(now - _REMEMBERED),))
            logs = transaction.rows("SELECT body FROM alert_groups ORDER BY name")
            return Page(
                revision=_revision(transaction),
                alerts=tuple(Alert.model_validate_json(body) for (body,) in alerts),
                logs=tuple(GroupLog.model_validate_json(body) for (body,) in logs),
                silences=tuple(_silences(transaction, now)),
            )

    def apply(self, entry: Entry, revision: int) -> None:
        """Write alerts, messages and logs, all or nothing. Conflict: read again."""
        with self._database.change() as transaction:
            if _revision(transaction) != revision:
                raise Conflict("the book of alerts was changed meanwhile", hint="try again")
            transaction.execute_many(
                "DELETE FROM alerts WHERE id = ?", [(id_,) for id_ in entry.dropped]
            )
            # What is over first: of one key only one may be open.
            alerts = sorted(entry.alerts, key=lambda alert: alert.resolved_at is None)
            transaction.execute_many(_KEEP, [_columns(alert) for alert in alerts])
            _write_logs(transaction, entry.logs)
            put(transaction, entry.notifications, entry.channels)

    def list(self, chosen: AlertFilter | None = None) -> Sequence[Alert]:
        """Those that match, the worst of the open ones first, then the newest."""
        conditions, parameters = _condition(chosen or AlertFilter())
        order = "ORDER BY resolved_us IS NOT NULL, CASE WHEN resolved_us IS NULL THEN -rank END"
        query = f"SELECT body FROM alerts {conditions} {order}, since_us DESC LIMIT ?"  # noqa: S608
        limit = (chosen and chosen.limit) or -1
        with reading_records(self._database.path):
            rows = self._database.rows(query, (*parameters, limit))
            return [Alert.model_validate_json(body) for (body,) in rows]

    def get(self, id_: str) -> Alert:
        """The alert of that id or unique prefix."""
        with reading_records(self._database.path), self._database.snapshot() as transaction:
            return _alert(transaction, id_)

    def acknowledge(self, id_: str, *, by: str, comment: str, at: datetime) -> Alert:
        """Note who takes it on."""
        with reading_records(self._database.path), self._database.change() as transaction:
            alert = _alert(transaction, id_)
            if alert.state is AlertState.RESOLVED:
                raise Conflict(f"alert {alert.id} is over", hint=_HINTS["alert"])
            noted = {"acknowledged_by": by, "acknowledged_at": at, "comment": comment}
            return _change(transaction, alert.model_copy(update=noted))

    def resolve(self, id_: str, *, by: str, comment: str, at: datetime) -> Alert:
        """Close it, whatever holds."""
        with reading_records(self._database.path), self._database.change() as transaction:
            alert = _alert(transaction, id_)
            if alert.state is AlertState.RESOLVED:
                return alert
            closed = alert.closed(by=by, comment=comment, at=at)
            if alert.state is not AlertState.PENDING:
                return _change(transaction, closed)
            transaction.execute("DELETE FROM alerts WHERE id = ?", (alert.id,))
            _turn_page(transaction)
            return closed

    def remedied(self, id_: str, words: str) -> None:
        """Note what was done about it."""
        with reading_records(self._database.path), self._database.change() as transaction:
            _change(transaction, _alert(transaction, id_).model_copy(update={"remedy": words}))

    def silence(self, silence: Silence) -> None:
        """Keep a silence."""
        with self._database.change() as transaction:
            if transaction.rows("SELECT 1 FROM silences WHERE id = ?", (silence.id,)):
                raise Conflict(f"a silence with the id '{silence.id}' exists already")
            transaction.execute(
                "INSERT INTO silences VALUES (?, ?, ?)",
                (silence.id, to_microseconds(silence.ends_at), silence.model_dump_json()),
            )
            _turn_page(transaction)

    def unsilence(self, id_: str, at: datetime) -> Silence:
        """End a silence now."""
        with reading_records(self._database.path), self._database.change() as transaction:
            living = {silence.id: silence for silence in _silences(transaction, at)}
            found = living[one_of("silence", id_, living, hint=_HINTS["silence"])]
            transaction.execute("DELETE FROM silences WHERE id = ?", (found.id,))
            _turn_page(transaction)
            return found

    def silences(self, now: datetime) -> Sequence[Silence]:
        """Those that did not end before `now`, the first to end first."""
        with reading_records(self._database.path), self._database.snapshot() as transaction:
            return _silences(transaction, now)

    def prune(self, before: datetime) -> None:
        """Forget what was over before that time, and delivered or given up."""
        limit = to_microseconds(before)
        with self._database.change() as transaction:
            transaction.execute(
                f"DELETE FROM alerts WHERE resolved_us < ? AND id NOT IN ({_TOLD})",  # noqa: S608
                (limit,),
            )
            transaction.execute("DELETE FROM silences WHERE ends_us < ?", (limit,))
            forget(transaction, limit)


def _columns(alert: Alert) -> Parameters:
    """In the order of `_KEEP`."""
    over = alert.resolved_at
    return (
        alert.id,
        alert.key.xnode_id,
        alert.key.rule,
        alert.key.instance,
        alert.state.value,
        alert.severity.value,
        alert.severity.rank,
        to_microseconds(alert.since),
        None if over is None else to_microseconds(over),
        alert.model_dump_json(),
    )


def _write_logs(transaction: Transaction, logs: Sequence[GroupLog]) -> None:
    for log in logs:
        if log.told:
            transaction.execute(
                "INSERT OR REPLACE INTO alert_groups VALUES (?, ?)",
                (log.group, log.model_dump_json()),
            )
        else:
            transaction.execute("DELETE FROM alert_groups WHERE name = ?", (log.group,))


def _condition(chosen: AlertFilter) -> tuple[str, Parameters]:
    wanted: list[tuple[str, str]] = []
    pairs = (("xnode_id", chosen.xnode_id), ("rule", chosen.rule), ("severity", chosen.severity))
    wanted += [(f"{column} = ?", value) for column, value in pairs if value is not None]
    parameters = [value for _, value in wanted]
    conditions = [condition for condition, _ in wanted]
    if chosen.states:
        conditions.append(f"state IN ({', '.join('?' * len(chosen.states))})")
        parameters += [state.value for state in chosen.states]
    return f"WHERE {' AND '.join(conditions)}" if conditions else "", parameters


def _alert(transaction: Transaction, id_: str) -> Alert:
    if not id_ or not storable(id_):
        raise NotFound("alert", id_, hint=_HINTS["alert"])
    rows = transaction.rows(
        "SELECT id, body FROM alerts WHERE id >= ? AND id <= ? ORDER BY id LIMIT 9",
        prefix_range(id_),
    )
    found: dict[str, Row] = {row[0]: row for row in rows}
    return Alert.model_validate_json(found[one_of("alert", id_, found, hint=_HINTS["alert"])][1])


def _change(transaction: Transaction, alert: Alert) -> Alert:
    transaction.execute(_KEEP, _columns(alert))
    _turn_page(transaction)
    return alert


def _silences(transaction: Transaction, now: datetime) -> Sequence[Silence]:
    rows = transaction.rows(
        "SELECT body FROM silences WHERE ends_us > ? ORDER BY ends_us, id", (to_microseconds(now),)
    )
    return [Silence.model_validate_json(body) for (body,) in rows]


def _revision(transaction: Transaction) -> int:
    ((revision,),) = transaction.rows("SELECT revision FROM alert_revision")
    return int(revision)


def _turn_page(transaction: Transaction) -> None:
    """A person changed something: who judged by what was before judges again."""
    transaction.execute("UPDATE alert_revision SET revision = revision + 1")
