"""The cloud at which an xNode is rented."""

from collections.abc import Callable

from capsule_domain.errors import Conflict, NotFound
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.provider import Provider


def cloud_of(provider: Callable[[str], Provider], xnode: XNode) -> Provider:
    """Raises Conflict for one at no cloud that Capsule knows, CredentialsMissing."""
    try:
        return provider(xnode.provider)
    except NotFound as error:
        raise Conflict(
            f"{xnode.name} is at '{xnode.provider[:40]}', which is no cloud that Capsule can ask",
            hint=f"do it where it was rented; to forget it: capsule openmesh inventory remove "
            f"{xnode.name}",
        ) from error
