"""The journal of switches in state.db."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from capsule_adapters.store.faults import reading_records
from capsule_adapters.store.sqlite import Database, Parameters, Transaction
from capsule_domain.errors import Conflict, NotFound
from capsule_domain.models.switch import SwitchRecord, SwitchState

_UNFINISHED = """
    SELECT body FROM switches WHERE machine_key = ? AND is_open = 1 ORDER BY sequence
"""
_NEWEST_FIRST = "SELECT body FROM switches ORDER BY sequence DESC"


class SqliteSwitchJournal:
    """`SwitchJournal` over state.db: each call is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, record: SwitchRecord) -> None:
        """Write the intent."""
        with self._database.change() as transaction:
            if transaction.rows("SELECT 1 FROM switches WHERE id = ?", (record.id,)):
                raise Conflict(f"a switch with the id '{record.id}' is in the journal already")
            transaction.execute(
                "INSERT INTO switches (id, machine_key, is_open, body) VALUES (?, ?, ?, ?)",
                (record.id, record.key, int(record.ended_at is None), record.model_dump_json()),
            )

    def heard(self, switch_id: str, state: SwitchState, at: datetime) -> None:
        """How far it is."""

        def change(before: SwitchRecord) -> dict[str, Any]:
            return {} if before.state is state else {"state": state, "heard_at": at}

        self._change(switch_id, change)

    def end(self, switch_id: str, at: datetime, detail: str) -> None:
        """It is known how it ended."""

        def change(before: SwitchRecord) -> dict[str, Any]:
            return {} if before.ended_at else {"ended_at": at, "detail": detail}

        self._change(switch_id, change)

    def get(self, switch_id: str) -> SwitchRecord:
        """The one of that id."""
        with reading_records(self._database.path), self._database.snapshot() as transaction:
            return _get(transaction, switch_id)

    def unfinished(self, key: str) -> Sequence[SwitchRecord]:
        """Those of that machine of which nobody knows how they ended."""
        return self._several(_UNFINISHED, (key,))

    def list(self) -> Sequence[SwitchRecord]:
        """All, the newest first."""
        return self._several(_NEWEST_FIRST, ())

    def _several(self, query: str, parameters: Parameters) -> Sequence[SwitchRecord]:
        with reading_records(self._database.path):
            rows = self._database.rows(query, parameters)
            return [SwitchRecord.model_validate_json(body) for (body,) in rows]

    def _change(self, switch_id: str, change: Callable[[SwitchRecord], dict[str, Any]]) -> None:
        with reading_records(self._database.path), self._database.change() as transaction:
            before = _get(transaction, switch_id)
            after = before.model_copy(update=change(before))
            if after != before:
                transaction.execute(
                    "UPDATE switches SET is_open = ?, body = ? WHERE id = ?",
                    (int(after.ended_at is None), after.model_dump_json(), switch_id),
                )


def _get(transaction: Transaction, switch_id: str) -> SwitchRecord:
    rows = transaction.rows("SELECT body FROM switches WHERE id = ?", (switch_id,))
    if not rows:
        raise NotFound("switch", switch_id)
    return SwitchRecord.model_validate_json(rows[0][0])
