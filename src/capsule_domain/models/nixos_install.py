"""How NixOS comes onto a rented server."""

from enum import StrEnum

from capsule_domain.models.base import Model

NIXOS_IMAGE = "nixos"
"""The word for the newest image by NixOS itself, which a cloud's adapter finds."""


class NixosWay(StrEnum):
    """IMAGE: the server starts as NixOS, and builds its configuration. ANYWHERE: the system
    is built, the server's disk laid out anew and the system put on it, by nixos-anywhere.
    IN_PLACE: the server builds it beside its own system, and starts it in that one's stead.
    """

    IMAGE = "image"
    ANYWHERE = "anywhere"
    IN_PLACE = "in-place"


class ChosenWay(Model):
    """A way, and why that one."""

    way: NixosWay
    because: str
