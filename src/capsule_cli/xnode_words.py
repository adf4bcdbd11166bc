"""What is said of an xNode in several places, in the same words."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from capsule_cli.session import Session

if TYPE_CHECKING:
    from capsule_domain.models.money import Money
    from capsule_domain.models.xnode import XNode
    from capsule_domain.models.xnode_details import XNodeDetails


def stopped_costs(run: Session, xnode: "XNode") -> str:
    """What it costs while it is off, in words."""
    from capsule_cli.money import cents, rate
    from capsule_domain.errors import NotFound

    hour, month = rate(xnode.price_per_hour), cents(xnode.price_per_month)
    try:
        can = run.wiring.facts(xnode.provider).capabilities
    except NotFound:
        return f"what it costs while it is off is not known; on it costs {hour} an hour"
    if can.bills_when_stopped:
        return f"off it costs as much as on: {hour} an hour, {month} a month at most"
    if can.stopped_costs:
        return f"off it does not cost {hour} an hour, but {can.stopped_costs} are billed on"
    return f"off it costs nothing, instead of {hour} an hour"


def login(found: "XNodeDetails") -> str:
    """Whom one is there, and where that is."""
    port = "" if found.ssh_port == 22 else f":{found.ssh_port}"
    return f"{found.ssh_user}@{found.address}{port}" if found.address else "no address"


def first_contact_words(found: "XNodeDetails") -> str:
    """How its host key came to be trusted."""
    return {
        "replaced": "verified, and replaced by a key made on the machine",
        "learnt": "learnt: nobody vouched for it",
        None: "not met yet",
    }[found.first_contact]


def expiry_words(found: "XNodeDetails") -> str:
    """When it may be ended, and how long that is from now."""
    from capsule_cli.ages import span

    left = found.expires_in_seconds
    if found.expires_at is None or left is None:
        return "never"
    ahead = f"in {span(left)}" if left > 0 else "overdue"
    return f"{found.expires_at:%Y-%m-%d %H:%M} UTC, {ahead}"


def spent_words(sums: "Sequence[Money]") -> str:
    """Each currency for itself; nothing is nothing."""
    from capsule_cli.money import cents

    return " and ".join(map(cents, sums)) or "nothing"
