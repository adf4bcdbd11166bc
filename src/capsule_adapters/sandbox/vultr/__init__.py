"""A rehearsal Vultr: stateful, on loopback, as unkind as the real one."""

from capsule_adapters.sandbox.vultr.endpoints import Temper
from capsule_adapters.sandbox.vultr.simulator import VultrSimulator

Simulator = VultrSimulator
"""How the sandbox finds it."""

__all__ = ["Simulator", "Temper", "VultrSimulator"]
