"""The journal of deployments in state.db."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import quote

from capsule_adapters.store.faults import reading_records
from capsule_adapters.store.lock import FileLock, LockHeld
from capsule_adapters.store.moments import from_microseconds, to_microseconds
from capsule_adapters.store.prefixes import prefix_range, storable
from capsule_adapters.store.sqlite import Database, Parameters, Row, Transaction
from capsule_domain.errors import Conflict, NotFound
from capsule_domain.models.deployment import (
    Deployment,
    DeploymentEvent,
    DeploymentId,
    DeploymentState,
    DeployPlan,
)

_LIST_HINT = "capsule openmesh deployments"
_NAMES_FOR_A_SUGGESTION = 1000

_INSERT = """
    INSERT INTO deployments
        (id, name, state, unfinished, provider, region, slug, server_id, started_at_us, plan)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_SELECT = """
    SELECT id, name, state, provider, region, slug, server_id, started_at_us, plan FROM deployments
"""
_EVENTS = "SELECT deployment, time_us, step, detail FROM deployment_events"


class SqliteJournal:
    """`Journal` over state.db: each call is one transaction, on the disk when it returns."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._locks = database.path.parent / "deployments"

    def begin(self, deployment: Deployment) -> None:
        """Write the intent. Conflict when an unfinished deployment has the same name."""
        with self._database.change() as transaction:
            if transaction.rows("SELECT 1 FROM deployments WHERE id = ?", (deployment.id,)):
                raise Conflict(
                    f"a deployment with the id '{deployment.id}' exists already", hint=_LIST_HINT
                )
            _refuse_second(transaction, deployment)
            transaction.execute(_INSERT, _columns(deployment))
            for position, event in enumerate(deployment.events):
                _write_event(transaction, deployment.id, position, event)

    @contextmanager
    def hold(self, deployment: DeploymentId) -> Iterator[None]:
        """A lock beside the database, which the system frees when its holder dies."""
        lock = FileLock(self._locks / f"{quote(deployment, safe='')}.lock", timeout_seconds=0.0)
        try:
            lock.__enter__()
        except LockHeld as error:
            raise Conflict(
                f"another Capsule works on deployment {deployment} at this moment",
                hint=f"watch it: capsule openmesh deployments {deployment}",
            ) from error
        try:
            yield
        finally:
            lock.__exit__(None, None, None)

    def record(
        self,
        deployment: DeploymentId,
        event: DeploymentEvent,
        *,
        state: DeploymentState | None = None,
        server_id: str | None = None,
    ) -> Deployment:
        """Add what happened; None leaves `state` and `server_id` as they are."""
        with reading_records(self._database.path), self._database.change() as transaction:
            before = _one(transaction, "WHERE id = ?", (deployment,))
            if before is None:
                raise NotFound("deployment", deployment, hint=_LIST_HINT)
            after = before.model_copy(
                update={
                    "state": state or before.state,
                    "server_id": before.server_id if server_id is None else server_id,
                    "events": (*before.events, event),
                }
            )
            _refuse_second(transaction, after)
            transaction.execute(
                "UPDATE deployments SET state = ?, unfinished = ?, server_id = ? WHERE id = ?",
                (after.state.value, int(after.state.unfinished), after.server_id, deployment),
            )
            _write_event(transaction, deployment, len(before.events), event)
        return after

    def get(self, name_or_id: str) -> Deployment:
        """The one of that id, or the newest of that name, or the one of that unique id prefix."""
        if not name_or_id or not storable(name_or_id):
            raise NotFound("deployment", name_or_id, hint=_LIST_HINT)
        with reading_records(self._database.path), self._database.snapshot() as transaction:
            found = _one(transaction, "WHERE id = ?", (name_or_id,)) or _one(
                transaction, "WHERE name = ? ORDER BY sequence DESC LIMIT 1", (name_or_id,)
            )
            return found or _by_prefix(transaction, name_or_id)

    def list(self, *, unfinished: bool = False) -> Sequence[Deployment]:
        """All, the newest first; or only those where something may be billed and not in use."""
        condition = "WHERE unfinished = 1" if unfinished else ""
        with reading_records(self._database.path), self._database.snapshot() as transaction:
            return _several(transaction, f"{condition} ORDER BY sequence DESC")


def _columns(deployment: Deployment) -> tuple[str | int | None, ...]:
    """In the order of `_INSERT`."""
    return (
        deployment.id,
        deployment.name,
        deployment.state.value,
        int(deployment.state.unfinished),
        deployment.provider,
        deployment.region,
        deployment.slug,
        deployment.server_id,
        to_microseconds(deployment.started_at),
        None if deployment.plan is None else deployment.plan.model_dump_json(),
    )


def _write_event(
    transaction: Transaction, deployment: DeploymentId, position: int, event: DeploymentEvent
) -> None:
    transaction.execute(
        "INSERT INTO deployment_events (deployment, position, time_us, step, detail)"
        " VALUES (?, ?, ?, ?, ?)",
        (deployment, position, to_microseconds(event.time), event.step, event.detail),
    )


def _refuse_second(transaction: Transaction, deployment: Deployment) -> None:
    """Of one name, one deployment at a time is under way."""
    if not deployment.state.unfinished:
        return
    others = transaction.rows(
        "SELECT id FROM deployments WHERE name = ? AND unfinished = 1 AND id <> ?",
        (deployment.name, deployment.id),
    )
    if others:
        raise Conflict(
            f"a deployment of '{deployment.name}' is unfinished: {others[0][0]}",
            hint=f"capsule openmesh deployments {others[0][0]}",
        )


def _by_prefix(transaction: Transaction, prefix: str) -> Deployment:
    found = _several(
        transaction,
        "WHERE id >= ? AND id <= ? ORDER BY sequence DESC LIMIT 2",
        prefix_range(prefix),
    )
    if len(found) > 1:
        raise Conflict(f"'{prefix}' fits several deployments", hint=_LIST_HINT)
    if not found:
        names = transaction.rows(
            "SELECT DISTINCT name FROM deployments ORDER BY abs(length(name) - ?), name LIMIT ?",
            (len(prefix), _NAMES_FOR_A_SUGGESTION),
        )
        raise NotFound("deployment", prefix, known=[name for (name,) in names], hint=_LIST_HINT)
    return found[0]


def _one(transaction: Transaction, condition: str, parameters: Parameters) -> Deployment | None:
    found = _several(transaction, condition, parameters)
    return found[0] if found else None


def _several(
    transaction: Transaction, condition: str, parameters: Parameters = ()
) -> Sequence[Deployment]:
    """The deployments of a condition with their events: two queries, however many there are."""
    rows = transaction.rows(f"{_SELECT} {condition}", parameters)
    events = _events(transaction, [row[0] for row in rows])
    return [_read(row, events[row[0]]) for row in rows]


_AT_ONCE = 500
"""How many ids one query names: every database allows that many."""


def _events(
    transaction: Transaction, ids: Sequence[str]
) -> defaultdict[str, list[DeploymentEvent]]:
    found: defaultdict[str, list[DeploymentEvent]] = defaultdict(list)
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        marks = ", ".join("?" * len(some))
        for deployment, time_us, step, detail in transaction.rows(
            f"{_EVENTS} WHERE deployment IN ({marks}) ORDER BY deployment, position", some
        ):
            event = DeploymentEvent(time=from_microseconds(time_us), step=step, detail=detail)
            found[deployment].append(event)
    return found


def _read(row: Row, events: Sequence[DeploymentEvent]) -> Deployment:
    id_, name, state, provider, region, slug, server_id, started_at_us, plan = row
    return Deployment(
        id=DeploymentId(id_),
        name=name,
        state=DeploymentState(state),
        provider=provider,
        region=region,
        slug=slug,
        server_id=server_id,
        started_at=from_microseconds(started_at_us),
        plan=None if plan is None else DeployPlan.model_validate_json(plan),
        events=tuple(events),
    )
