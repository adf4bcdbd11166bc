"""Where the inventory and the clouds differ."""

from pydantic import Field

from capsule_domain.models.base import Model
from capsule_domain.models.xnode import XNode, XNodeChange


class Drift(Model):
    """What the clouds say otherwise than the inventory.

    `changes` tell it field by field. `silent` are clouds that did not answer, each with why:
    of their xNodes nothing is concluded. `unasked` counts those at no cloud that can be asked.
    """

    checked: int
    changes: tuple[XNodeChange, ...] = ()
    silent: dict[str, str] = Field(default_factory=dict)
    unasked: int = 0
    after: tuple[XNode, ...] = ()
    """The xNodes that differ, as the clouds have them."""
