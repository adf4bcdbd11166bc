"""The xNodes of a file, whatever its form: the form is told by what the file begins with."""

from collections.abc import Iterable, Iterator
from itertools import chain

from capsule_domain.errors import ConfigurationError
from capsule_domain.models.xnode_file import Record
from capsule_domain.services.xnode_csv import csv_records
from capsule_domain.services.xnode_json import json_records, original_records

_MOST_CHARACTERS = 1_000_000
"""Of one line; a longer one is no CSV."""


def records_in(chunks: Iterable[str], source: str) -> Iterator[Record]:
    """An array is ours as JSON, an object the original's inventory.json, else it is CSV.

    `chunks` are lines, a long one in pieces. Raises ConfigurationError with the line.
    """
    left = iter(chunks)
    head = ""
    for chunk in left:
        head += chunk
        if head.strip() or len(head) > _MOST_CHARACTERS:
            break
    first = head.strip()[:1]
    if first == "[":
        return json_records(chain([head], left), source)
    if first == "{":
        return original_records(chain([head], left), source)
    return csv_records(_whole_lines(chain(head.splitlines(keepends=True), left), source), source)


def _whole_lines(pieces: Iterable[str], source: str) -> Iterator[str]:
    line, number = "", 1
    for piece in pieces:
        line += piece
        if len(line) > _MOST_CHARACTERS:
            raise ConfigurationError("the line is too long", file=source, line=number)
        if line.endswith(("\n", "\r")):
            yield line
            line, number = "", number + 1
    if line:
        yield line
