"""Is it them, or is it us?"""

from collections.abc import Iterable, Mapping

from capsule_domain.models.health import Health, HealthStatus
from capsule_domain.models.metric import Observation
from capsule_domain.ports.anchors import Anchors


class Isolation:
    """Whether this collector is cut off: much of the fleet is silent, and so is all else.

    Only then are other places asked, which ought to answer always. Where there are none to
    ask, it is them.
    """

    def __init__(self, anchors: Anchors) -> None:
        self._anchors = anchors
        self._answered: dict[str, bool] = {}
        self.is_cut_off = False

    def update(
        self, seen: Mapping[str, Observation], watched: Iterable[str], *, percent: float
    ) -> bool:
        """Take in what was just seen; `percent` of the fleet silent is too much to believe."""
        fleet = set(watched)
        self._answered = {id_: ok for id_, ok in self._answered.items() if id_ in fleet}
        for xnode_id, one in seen.items():
            if one.health.checks:
                self._answered[xnode_id] = answered(one)
        silent = sum(not ok for ok in self._answered.values())
        doubtful = bool(silent) and silent * 100 >= percent * len(self._answered)
        if not doubtful:
            self.is_cut_off = False
        elif self.is_cut_off or any(not answered(one) for one in seen.values()):
            there, asked = self._anchors.answering()
            self.is_cut_off = asked > 0 and there == 0
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
