"""What runs on an xNode."""

from enum import StrEnum


class OperatingSystem(StrEnum):
    """XNODEOS: OpenMesh's own. NIXOS: a configuration of Capsule's. STOCK: the cloud's Ubuntu."""

    XNODEOS = "xnodeos"
    NIXOS = "nixos"
    STOCK = "stock"
