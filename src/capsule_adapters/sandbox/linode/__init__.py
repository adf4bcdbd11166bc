"""A rehearsal Linode: stateful, on loopback, as unkind as the real one."""

from capsule_adapters.sandbox.linode.endpoints import Temper
from capsule_adapters.sandbox.linode.simulator import LinodeSimulator

Simulator = LinodeSimulator
"""How the sandbox finds it."""

__all__ = ["LinodeSimulator", "Simulator", "Temper"]
