"""A rehearsal Scaleway: stateful, on loopback, as unkind as the real one."""

from capsule_adapters.sandbox.scaleway.endpoints import Temper
from capsule_adapters.sandbox.scaleway.simulator import ScalewaySimulator

__all__ = ["ScalewaySimulator", "Temper"]
