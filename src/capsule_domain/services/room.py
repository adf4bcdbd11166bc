"""How many more servers an account may have: asked before anything is rented."""

from collections.abc import Callable
from functools import cache

from capsule_domain.errors import AccountLocked, ProviderError
from capsule_domain.ports.provider import Provider
from capsule_domain.services.plan import Room


def room_at(provider: Callable[[str], Provider]) -> Callable[[str], Room]:
    """Asks a cloud for the account's limit, and counts its servers; each cloud once.

    What a cloud does not tell stands in nobody's way: it says so itself when it is asked to rent.
    """

    @cache
    def room(name: str) -> Room:
        try:
            return _room(provider(name))
        except AccountLocked as error:
            return Room(0, error.message)
        except ProviderError:
            return Room()

    return room


def _room(cloud: Provider) -> Room:
    account = cloud.account()
    if not account.active:
        return Room(0, f"the account at {cloud.name} is not active")
    if account.server_limit is None:
        return Room()
    there = sum(1 for _ in cloud.servers())
    limit = account.server_limit
    why = f"{cloud.name} lets the account have {limit} servers, and it has {there}"
    return Room(max(limit - there, 0), why)
