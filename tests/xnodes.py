"""xNodes for tests."""

from datetime import UTC, datetime
from typing import Any

from capsule_domain.models.money import Money
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode


def an_xnode(name: str, **changes: Any) -> XNode:
    """A running one at Vultr, but for `changes`."""
    fields: dict[str, Any] = {
        "id": f"x-{name}",
        "name": name,
        "provider": "vultr",
        "server_id": f"s-{name}",
        "region": "fra",
        "template": "small",
        "status": ServerStatus.RUNNING,
        "address": "203.0.113.7",
        "price_per_hour": Money(amount="0.01", currency="USD"),
        "price_per_month": Money(amount="5", currency="USD"),
        "created_at": datetime(2026, 11, 1, tzinfo=UTC),
    }
    return XNode(**{**fields, **changes})
