"""The composition root: ports, filled. The only room that knows adapters."""

from capsule_cli.wiring.ports import GROUPS, GroupBy, Wiring
from capsule_cli.wiring.real import wire
from capsule_cli.wiring.recovery import recover

__all__ = ["GROUPS", "GroupBy", "Wiring", "recover", "wire"]
