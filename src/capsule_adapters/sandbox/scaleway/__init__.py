"""A rehearsal Scaleway: stateful, on loopback, as unkind as the real one."""

from capsule_adapters.sandbox.scaleway.endpoints import Temper
from capsule_adapters.sandbox.scaleway.simulator import ScalewaySimulator

Simulator = ScalewaySimulator
"""How the sandbox finds it."""

__all__ = ["ScalewaySimulator", "Simulator", "Temper"]
