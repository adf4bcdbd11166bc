"""Options of NixOS: what each is set to, and why."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue

from capsule_domain.models.base import Model

_LONGEST_NAME = 256


def _name(text: str) -> str:
    if not text or len(text) > _LONGEST_NAME or not text.isprintable():
        raise ValueError("the name of an option is one line of at most 256 characters")
    return text


OptionPath = Annotated[
    tuple[Annotated[str, AfterValidator(_name)], ...], Field(min_length=1, max_length=32)
]
"""An option by its names: `("services", "nginx", "virtualHosts", "www.example.org")`."""


def overlap(one: OptionPath, other: OptionPath) -> bool:
    """Whether one is the other, or holds it."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


class OptionSetting(Model):
    """An option that a person set: any value that JSON has."""

    option: OptionPath
    value: JsonValue = None


class Content(StrEnum):
    """What an option holds: a value, or what only Nix can say."""

    VALUE = "value"
    PACKAGES = "packages"
    PYTHON = "python"
    UNFREE = "unfree"


class Priority(StrEnum):
    """Against other modules: DEFAULT yields, FORCE wins, NORMAL is merged or collides."""

    DEFAULT = "default"
    NORMAL = "normal"
    FORCE = "force"


class Topic(StrEnum):
    """What a line of a configuration is about, in the order in which they are written."""

    STACKS = "stacks"
    PACKAGES = "packages"
    PYTHON = "python"
    LICENCES = "licences"
    MACHINE = "machine"
    SSH = "ssh"
    USERS = "users"
    SUDO = "sudo"
    WARNING = "warning"
    BOOT = "boot"
    FILES = "files"
    NETWORK = "network"
    NIX = "nix"
    CHOSEN = "chosen"
    STATE = "state"


class Assignment(Model):
    """One line of a configuration: an option, what it is set to, and because of what."""

    option: OptionPath
    value: JsonValue = None
    content: Content = Content.VALUE
    priority: Priority = Priority.NORMAL
    topic: Topic
    origin: str
    """Such as `--hostname`, or `stack docker: chosen`."""


class OptionRow(Model):
    """One place that sets an option, as `nixos why` lists it."""

    option: str
    value: str
    file: str
    line: int
    origin: str
