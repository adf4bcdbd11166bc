"""Hivelocity: bare metal and VPS."""

from capsule_adapters.providers.hivelocity.dialect import CAPABILITIES, COMPUTE, DIALECT
from capsule_adapters.providers.hivelocity.provider import HivelocityProvider

__all__ = ["CAPABILITIES", "COMPUTE", "DIALECT", "HivelocityProvider"]
