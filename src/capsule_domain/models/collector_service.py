"""The collector as a service of this machine."""

from enum import StrEnum

from capsule_domain.models.base import Model

Command = tuple[str, ...]


class ServiceScope(StrEnum):
    """USER: while that person is logged in, or lingers. SYSTEM: from boot on. NIXOS: a module."""

    USER = "user"
    SYSTEM = "system"
    NIXOS = "nixos"


class ServicePlan(Model):
    """A file that describes the service, and what is to be run afterwards.

    `changed`: whether the file is not there yet, or says something else. `begin` are
    commands that let systemd take it on; `remove` are those that undo it all. `runs_here`:
    whether systemd is there to be told now.
    """

    scope: ServiceScope
    path: str
    text: str
    changed: bool
    runs_here: bool
    begin: tuple[Command, ...] = ()
    remove: tuple[Command, ...] = ()
