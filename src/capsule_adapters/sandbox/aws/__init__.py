"""A rehearsal AWS: moto's EC2 on loopback, made as unkind as the real one."""

from capsule_adapters.sandbox.aws.simulator import AwsSimulator
from capsule_adapters.sandbox.aws.temper import Temper

Simulator = AwsSimulator
"""How the sandbox finds it."""

__all__ = ["AwsSimulator", "Simulator", "Temper"]
