"""How the signs of life fared, in state.db."""

from capsule_adapters.store.faults import reading_records
from capsule_adapters.store.sqlite import Database
from capsule_domain.models.heartbeat import Pulse


class SqlitePulseLog:
    """`PulseLog` over state.db: one row."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self) -> Pulse:
        """The last that was written, or an empty one."""
        with reading_records(self._database.path):
            rows = self._database.rows("SELECT body FROM pulse")
            return Pulse.model_validate_json(rows[0][0]) if rows else Pulse()

    def write(self, pulse: Pulse) -> None:
        """Keep it, in the place of the last."""
        with self._database.change() as transaction:
            transaction.execute(
                "INSERT OR REPLACE INTO pulse VALUES (1, ?)", (pulse.model_dump_json(),)
            )
