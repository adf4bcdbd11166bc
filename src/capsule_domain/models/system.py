"""What runs on a rented server."""

from enum import StrEnum


class OperatingSystem(StrEnum):
    """STOCK: the cloud's own Ubuntu. NIXOS: NixOS by our configuration. XNODEOS: an Xnode."""

    STOCK = "stock"
    NIXOS = "nixos"
    XNODEOS = "xnodeos"
