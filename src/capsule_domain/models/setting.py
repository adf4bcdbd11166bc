"""What the files of a configuration set, as far as it can be read without evaluating them."""

from enum import StrEnum

from capsule_domain.models.base import Model
from capsule_domain.models.finding import Finding


class Kind(StrEnum):
    """What a value is. COMPUTED is one that only evaluating would tell."""

    TEXT = "a string"
    INTEGER = "a whole number"
    FLOAT = "a number with a point"
    BOOLEAN = "true or false"
    NULL = "null"
    PATH = "a path"
    LIST = "a list"
    SET = "an attribute set"
    FUNCTION = "a function"
    COMPUTED = "computed"


class Value(Model):
    """A literal: `said` is its content, None where that is computed or of no interest.

    `items` are those of a list.
    """

    kind: Kind
    said: str | int | float | bool | None = None
    items: tuple["Value", ...] = ()


class Setting(Model):
    """An option that a file sets: its path (None for a name that is computed) and value."""

    path: tuple[str | None, ...]
    value: Value
    file: str
    line: int


class Foreign(Model):
    """A module that is imported from elsewhere: `text` is how the file names it."""

    text: str
    file: str
    line: int


class Reading(Model):
    """What a configuration's files set and declare, each file read once.

    `declared` are paths of options of their own; `findings` what cannot be read at all;
    `computed` counts the modules of which nothing can be told without evaluating.
    """

    settings: tuple[Setting, ...] = ()
    declared: tuple[tuple[str, ...], ...] = ()
    foreign: tuple[Foreign, ...] = ()
    findings: tuple[Finding, ...] = ()
    computed: int = 0
    files: tuple[str, ...] = ()
