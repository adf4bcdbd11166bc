"""What was done by itself, in memory."""

from collections.abc import Sequence
from datetime import datetime

from capsule_domain.errors import Conflict, NotFound, StoreError
from capsule_domain.models.remediation import Remediation, RemediationFilter


class FakeRemediationLog:
    """`RemediationLog` without a disk. `full_disk` makes every writing fail."""

    def __init__(self) -> None:
        self.full_disk = False
        self._kept: dict[str, Remediation] = {}

    def keep(self, decisions: Sequence[Remediation]) -> None:
        self._refuse_when_full()
        after = dict(self._kept)
        for one in decisions:
            about = {other.alert_id for other in after.values()} - {None}
            if one.id in after or one.alert_id in about:
                raise Conflict(f"about alert {one.alert_id} was decided before")
            after[one.id] = one
        self._kept = after

    def change(self, decision: Remediation) -> None:
        self._refuse_when_full()
        if decision.id not in self._kept:
            raise NotFound("remediation", decision.id)
        self._kept[decision.id] = decision

    def list(self, chosen: RemediationFilter | None = None) -> Sequence[Remediation]:
        wanted = chosen or RemediationFilter()
        found = [one for one in self._kept.values() if _matches(one, wanted)]
        return found[-wanted.limit :] if wanted.limit else found

    def open(self) -> Sequence[Remediation]:
        return [one for one in self._kept.values() if one.state.is_open]

    def prune(self, before: datetime) -> None:
        self._refuse_when_full()
        self._kept = {
            id_: one for id_, one in self._kept.items() if one.time >= before or one.state.is_open
        }

    def _refuse_when_full(self) -> None:
        if self.full_disk:
            raise StoreError("cannot write state.db: the disk is full", hint="df -h")


def _matches(one: Remediation, wanted: RemediationFilter) -> bool:
    in_time = wanted.since is None or one.time >= wanted.since
    return in_time and (not wanted.xnode_ids or one.xnode_id in wanted.xnode_ids)
