"""What was done by itself, in state.db."""

from collections.abc import Sequence
from datetime import datetime

from capsule_adapters.store.faults import reading_records
from capsule_adapters.store.moments import to_microseconds
from capsule_adapters.store.sqlite import Database, Row
from capsule_domain.errors import Conflict, NotFound
from capsule_domain.models.remediation import Remediation, RemediationFilter

_TAKEN = "SELECT id FROM remediations WHERE id = ? OR alert_id = ?"
_KEEP = """
    INSERT INTO remediations (id, alert_id, xnode_id, time_us, is_open, body)
    VALUES (?, ?, ?, ?, ?, ?)
"""


class SqliteRemediationLog:
    """`RemediationLog` over state.db: each call is one transaction, on the disk at its return."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, decisions: Sequence[Remediation]) -> None:
        """Keep new ones, all or none."""
        with self._database.change() as transaction:
            for one in decisions:
                if transaction.rows(_TAKEN, (one.id, one.alert_id)):
                    raise Conflict(f"about alert {one.alert_id} was decided before")
                transaction.execute(
                    _KEEP,
                    (
                        one.id,
                        one.alert_id,
                        one.xnode_id,
                        to_microseconds(one.time),
                        int(one.state.is_open),
                        one.model_dump_json(),
                    ),
                )

    def change(self, decision: Remediation) -> None:
        """Replace the one of that id."""
        with self._database.change() as transaction:
            changed = transaction.execute(
                "UPDATE remediations SET is_open = ?, body = ? WHERE id = ?",
                (int(decision.state.is_open), decision.model_dump_json(), decision.id),
            )
            if not changed:
                raise NotFound("remediation", decision.id)

    def list(self, chosen: RemediationFilter | None = None) -> Sequence[Remediation]:
        """Those that match, the oldest first."""
        wanted = chosen or RemediationFilter()
        conditions, parameters = ["1 = 1"], list[str | int]()
        if wanted.since is not None:
            conditions.append("time_us >= ?")
            parameters.append(to_microseconds(wanted.since))
        if wanted.xnode_ids:
            conditions.append(f"xnode_id IN ({', '.join('?' * len(wanted.xnode_ids))})")
            parameters += wanted.xnode_ids
        query = (
            f"SELECT body FROM remediations WHERE {' AND '.join(conditions)}"  # noqa: S608
            " ORDER BY sequence DESC LIMIT ?"
        )
        with reading_records(self._database.path):
            rows = self._database.rows(query, (*parameters, wanted.limit or -1))
            return [_read(row) for row in reversed(rows)]

    def open(self) -> Sequence[Remediation]:
        """Those that have not come to their end."""
        with reading_records(self._database.path):
            rows = self._database.rows(
                "SELECT body FROM remediations WHERE is_open = 1 ORDER BY sequence"
            )
            return [_read(row) for row in rows]

    def prune(self, before: datetime) -> None:
        """Forget what is old and over."""
        with self._database.change() as transaction:
            transaction.execute(
                "DELETE FROM remediations WHERE time_us < ? AND is_open = 0",
                (to_microseconds(before),),
            )


def _read(row: Row) -> Remediation:
    return Remediation.model_validate_json(row[0])
