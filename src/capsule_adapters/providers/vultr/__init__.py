"""Vultr: cloud instances and bare metal."""

from capsule_adapters.providers.vultr.dialect import BARE_METAL, CAPABILITIES, DIALECT
from capsule_adapters.providers.vultr.provider import VultrProvider

__all__ = ["BARE_METAL", "CAPABILITIES", "DIALECT", "VultrProvider"]
