"""A rehearsal Hivelocity: stateful, on loopback, as unkind as the real one."""

from capsule_adapters.sandbox.hivelocity.endpoints import Temper
from capsule_adapters.sandbox.hivelocity.simulator import HivelocitySimulator

Simulator = HivelocitySimulator
"""How the sandbox finds it."""

__all__ = ["HivelocitySimulator", "Simulator", "Temper"]
