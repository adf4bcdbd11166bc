"""A profile as a page to read: everything that is on it, and nothing of how it looks."""

from capsule_domain.models.base import Model, Moment
from capsule_domain.models.profile import Environment


class PagePackage(Model):
    """A package by its attribute path. None is what nobody knows here.

    `because`: the stacks that bring it, `chosen` by the profile itself, or the profile
    that is extended. `installed` says that the version is the one installed here.
    """

    attribute: str
    because: tuple[str, ...]
    version: str | None = None
    installed: bool = False
    licence: str | None = None
    unfree: bool = False
    summary: str | None = None


class PageSource(Model):
    """A rendered file: what it is for, its name, its text."""

    title: str
    name: str
    text: str


class PageUndo(Model):
    """How one thing is undone. `command` is to be typed."""

    what: str
    command: str


class Page(Model):
    """Everything that the page of one profile says.

    `index` tells where versions and licences come from; None: from nowhere.
    """

    environment: Environment
    active: bool
    packages: tuple[PagePackage, ...]
    sources: tuple[PageSource, ...]
    undo: tuple[PageUndo, ...]
    index: str | None = None
    capsule: str
    made_at: Moment


class PageWritten(Model):
    """A page on disk. `opened`: a browser was asked to show it."""

    path: str
    profile: str
    stacks: int
    packages: int
    size_bytes: int
    opened: bool = False
