"""A rehearsal Equinix Metal: stateful, on loopback, as unkind as the real one was."""

from capsule_adapters.sandbox.equinix.endpoints import Temper
from capsule_adapters.sandbox.equinix.simulator import EquinixSimulator

Simulator = EquinixSimulator
"""How the sandbox finds it."""

__all__ = ["EquinixSimulator", "Simulator", "Temper"]
