"""Equinix Metal: bare metal by the hour. The service ended; what it was is all here."""

from capsule_adapters.providers.equinix.dialect import DIALECT, ENDED, PROJECT_VARIABLE

__all__ = ["DIALECT", "ENDED", "PROJECT_VARIABLE"]
