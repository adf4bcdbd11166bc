"""Which xNodes are meant, and that they still live."""

from collections.abc import Collection, Iterable, Sequence

from capsule_domain.errors import Conflict, NotFound, UsageError
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode, XNodeFilter
from capsule_domain.ports.inventory import Inventory


def refuse_gone(xnode: XNode) -> None:
    """Raises Conflict for one that is gone."""
    if xnode.status is ServerStatus.GONE:
        raise Conflict(
            f"{xnode.name} is gone, and its address may be another's now",
            hint="capsule openmesh xnodes",
        )


def meant(
    inventory: Inventory,
    names: Sequence[str] = (),
    *,
    tags: Sequence[str] = (),
    everyone: bool = False,
    exact: bool = False,
) -> list[XNode]:
    """The living xNodes of these names, or with all these tags, or every one; by name.

    `exact`: whole names and ids only. Raises UsageError unless it is said in exactly one of
    the three ways; NotFound, and Conflict for one that is gone or a prefix of several.
    """
    if [bool(names), bool(tags), everyone].count(True) != 1:
        raise UsageError("name the xNodes, or say --tags or --all: one of the three")
    if names:
        return _named(inventory, names, exact=exact)
    found = list(inventory.list(XNodeFilter(tags=tuple(tags))))
    if tags and not found:
        _refuse_unknown_tags(tags, inventory.tags())
    return found


def _named(inventory: Inventory, names: Iterable[str], *, exact: bool) -> list[XNode]:
    found = {xnode.id: xnode for xnode in (inventory.get(name, exact=exact) for name in names)}
    for xnode in found.values():
        refuse_gone(xnode)
    return sorted(found.values(), key=lambda xnode: xnode.name)


def _refuse_unknown_tags(tags: Sequence[str], known: Collection[str]) -> None:
    """What nobody has was meant otherwise."""
    unknown = [tag for tag in tags if tag not in known]
    raise NotFound(
        "xnode with the tag" if unknown else "xnode with all of the tags",
        unknown[0] if unknown else ",".join(tags),
        known=known,
        hint="capsule openmesh xnodes",
    )
