"""Is it them, or is it us?"""

from collections.abc import Collection, Mapping

from capsule_domain.models.health import Health, HealthStatus
from capsule_domain.models.metric import Observation
from capsule_domain.models.watch_plan import WatchPlan
from capsule_domain.ports.anchors import Anchors


class Isolation:
    """Whether this collector is cut off: much of the fleet is silent, and so is all else.

    Only then are the plan's anchors asked, which ought to answer always. Where there are none
    to ask, it is them.
    """

    def __init__(self, anchors: Anchors) -> None:
        self._anchors = anchors
        self._answered: dict[str, bool] = {}
        self.is_cut_off = False

    def believed(
        self, seen: Mapping[str, Observation], watched: Collection[str], plan: WatchPlan
    ) -> Mapping[str, Observation]:
        """Take in what was just seen; gives what of it says anything of the xNodes."""
        if not self.update(seen, watched, plan):
            return seen
        return {id_: one if answered(one) else not_observed(one) for id_, one in seen.items()}

    def update(
        self, seen: Mapping[str, Observation], watched: Collection[str], plan: WatchPlan
    ) -> bool:
        """Take in what was just seen of all that are `watched`; whether it is us."""
        self._answered = {id_: ok for id_, ok in self._answered.items() if id_ in watched}
        for xnode_id, one in seen.items():
            if one.health.checks:
                self._answered[xnode_id] = answered(one)
        silent = sum(not ok for ok in self._answered.values())
        doubtful = bool(silent) and silent * 100 >= plan.isolated_percent * len(self._answered)
        if not doubtful:
            self.is_cut_off = False
        elif self.is_cut_off or any(not answered(one) for one in seen.values()):
            self.is_cut_off = bool(plan.anchors) and not self._anchors.answering(plan.anchors)
        return self.is_cut_off


def answered(seen: Observation) -> bool:
    """Whether anything at all came back from it."""
    return any(
        check.ok or (check.fault is not None and check.fault.something_answered)
        for check in seen.health.checks
    )


def not_observed(seen: Observation) -> Observation:
    """What a look is worth that this side could not make: nobody knows how the xNode is."""
    health = seen.health
    unknown = Health(xnode=health.xnode, status=HealthStatus.UNKNOWN, checked_at=health.checked_at)
    return Observation(xnode_id=seen.xnode_id, health=unknown)
