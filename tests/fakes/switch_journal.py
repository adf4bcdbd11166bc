"""The journal of switches, in memory."""

from collections.abc import Sequence
from datetime import datetime

from capsule_domain.errors import Conflict, NotFound, StoreError
from capsule_domain.models.switch import SwitchRecord, SwitchState


class FakeSwitchJournal:
    """Switches without a disk. `full_disk` makes every writing fail; nothing changes then."""

    def __init__(self) -> None:
        self.full_disk = False
        self._by_id: dict[str, SwitchRecord] = {}

    def begin(self, record: SwitchRecord) -> None:
        self._refuse_when_full()
        if record.id in self._by_id:
            raise Conflict(f"a switch with the id '{record.id}' is in the journal already")
        self._by_id[record.id] = record

    def heard(self, switch_id: str, state: SwitchState, at: datetime) -> None:
        if self.get(switch_id).state is not state:
            self._change(switch_id, state=state, heard_at=at)

    def end(self, switch_id: str, at: datetime, detail: str) -> None:
        if self.get(switch_id).ended_at is None:
            self._change(switch_id, ended_at=at, detail=detail)

    def get(self, switch_id: str) -> SwitchRecord:
        try:
            return self._by_id[switch_id]
        except KeyError as error:
            raise NotFound("switch", switch_id) from error

    def unfinished(self, key: str) -> Sequence[SwitchRecord]:
        return [one for one in self._by_id.values() if one.key == key and one.ended_at is None]

    def list(self) -> Sequence[SwitchRecord]:
        return list(self._by_id.values())[::-1]

    def _change(self, switch_id: str, **changes: object) -> None:
        self._refuse_when_full()
        self._by_id[switch_id] = self._by_id[switch_id].model_copy(update=changes)

    def _refuse_when_full(self) -> None:
        if self.full_disk:
            raise StoreError("cannot write state.db: the disk is full", hint="df -h")
