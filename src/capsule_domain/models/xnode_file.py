"""xNodes in a file of the person's, and what taking them in would change."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import Field, JsonValue

from capsule_domain.models.base import Model
from capsule_domain.models.xnode import XNodeChange


class FileForm(StrEnum):
    """How xNodes are written down."""

    CSV = "csv"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Record:
    """One xNode as a file has it: some of its fields, as JSON would write them.

    Not a model: there may be a million. `line` is where it begins.
    """

    line: int
    fields: dict[str, JsonValue]


class ImportPlan(Model):
    """What a file would change in the inventory. `changes` are the first of them only."""

    source: str
    added: int = Field(ge=0)
    changed: int = Field(ge=0)
    same: int = Field(ge=0)
    changes: tuple[XNodeChange, ...] = ()
    warnings: tuple[str, ...] = ()
