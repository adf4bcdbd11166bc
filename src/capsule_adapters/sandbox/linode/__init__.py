"""A rehearsal Linode: stateful, on loopback, as unkind as the real one."""

from capsule_adapters.sandbox.linode.endpoints import Temper
from capsule_adapters.sandbox.linode.simulator import LinodeSimulator

__all__ = ["LinodeSimulator", "Temper"]
