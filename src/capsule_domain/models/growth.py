"""Sprouts as they are listed, and what growing one did."""

from capsule_domain.models.base import Model
from capsule_domain.models.profile import ProfileChange


class SproutRow(Model):
    """A sprout as `capsule sprouts` lists it; `active` when all of it is there."""

    name: str
    summary: str
    stacks: tuple[str, ...]
    packages: tuple[str, ...]
    services: tuple[str, ...]
    unfree: tuple[str, ...]
    active: bool


class SproutChange(ProfileChange):
    """What `capsule sprout` did: stacks in `added`, then packages and licences allowed.

    `services` run on NixOS; `next` is what to do then.
    """

    sprout: str
    packages: tuple[str, ...] = ()
    unfree: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    next: str
