"""A rehearsal DigitalOcean: stateful, on loopback, as unkind as the real one."""

from capsule_adapters.sandbox.digitalocean.endpoints import Temper
from capsule_adapters.sandbox.digitalocean.simulator import DigitalOceanSimulator

Simulator = DigitalOceanSimulator
"""How the sandbox finds it."""

__all__ = ["DigitalOceanSimulator", "Simulator", "Temper"]
