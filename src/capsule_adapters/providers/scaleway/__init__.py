"""Scaleway: Instances in every zone, with their volumes and addresses."""

from capsule_adapters.providers.scaleway.dialect import DIALECT
from capsule_adapters.providers.scaleway.projects import PROJECT_VARIABLE
from capsule_adapters.providers.scaleway.provider import ScalewayProvider

__all__ = ["DIALECT", "PROJECT_VARIABLE", "ScalewayProvider"]
