"""xNodes as CSV: one line each, exact both ways in the columns that it has."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from functools import lru_cache

from pydantic import JsonValue

from capsule_domain.errors import ConfigurationError
from capsule_domain.models.money import Money
from capsule_domain.models.xnode import XNode
from capsule_domain.models.xnode_file import Record

COLUMNS = (
    *("id", "name", "provider", "server_id", "region", "template", "status", "address"),
    *("price_per_hour", "currency", "profile", "tags", "created_at", "expires_at", "protected"),
)
NEEDED = ("name", "provider")

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
"""A spreadsheet computes a cell that begins so. The last one is what keeps it from that."""
_EMPTY: dict[str, JsonValue] = {
    "server_id": "",
    "region": "",
    "template": "",
    "address": None,
    "profile": None,
    "tags": [],
    "expires_at": None,
    "protected": False,
}
"""What an empty cell says; of the other columns it says nothing."""
_WORDS: dict[str, JsonValue] = {"true": True, "yes": True, "1": True}
_NO_WORDS: dict[str, JsonValue] = {"false": False, "no": False, "0": False}
_TAG_END = re.compile(r"(?<!\\)(?:\\\\)*;")
_PRICE = re.compile(r"\d{1,9}(\.\d{1,12})?", re.ASCII)


def csv_chunks(xnodes: Iterable[XNode]) -> Iterator[str]:
    """The file's text, a line at a time, with the heading first."""
    return csv_lines(_rows(xnodes))


def csv_lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Rows as lines of text."""
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\n")
    for row in rows:
        writer.writerow(row)
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def _rows(xnodes: Iterable[XNode]) -> Iterator[Sequence[str]]:
    yield COLUMNS
    for xnode in xnodes:
        fields = xnode.model_dump(mode="json")
        price: dict[str, str] = fields["price_per_hour"]
        fields |= {
            "price_per_hour": price["amount"],
            "currency": price["currency"],
            "tags": ";".join(_escaped(tag) for tag in xnode.tags),
            "protected": "true" if xnode.protected else "false",
        }
        yield [unarmed(fields[name] or "") for name in COLUMNS]


def csv_records(lines: Iterable[str], source: str) -> Iterator[Record]:
    """The xNodes of a CSV file. `lines` end as the file's do.

    Raises ConfigurationError with the line for what is no such file.
    """
    reader = csv.reader(lines, strict=True)
    heading: Sequence[str] | None = None
    line = 1
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise ConfigurationError(
                f"no CSV: {error}", file=source, line=reader.line_num
            ) from error
        if row is None:
            break
        if any(cell.strip() for cell in row):
            if heading is None:
                heading = _heading(row, source, line)
            else:
                yield Record(line, _fields(heading, row, source, line))
        line = reader.line_num + 1
    if heading is None:
        raise ConfigurationError("it is empty", hint=_columns_hint(), file=source)


def _heading(row: Sequence[str], source: str, line: int) -> Sequence[str]:
    names = [cell.strip() for cell in row]

    def refuse(message: str, hint: str) -> ConfigurationError:
        return ConfigurationError(message, hint=hint, file=source, line=line)

    if len(names) == 1 and ";" in names[0]:
        raise refuse("its columns are parted by semicolons", "save it as CSV with commas")
    for name in names:
        if name not in COLUMNS:
            near = get_close_matches(name.lower(), COLUMNS, n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise refuse(f"no column is called '{name[:40]}'{meant}", _columns_hint())
        if names.count(name) > 1:
            raise refuse(f"the column {name} is there twice", "leave one of them")
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise refuse(f"the column {missing[0]} is missing", _columns_hint())
    return names


def _columns_hint() -> str:
    return f"the first line names the columns: {','.join(COLUMNS)}"


def _fields(
    heading: Sequence[str], row: Sequence[str], source: str, line: int
) -> dict[str, JsonValue]:
    if len(row) != len(heading):
        raise ConfigurationError(
            f"{len(row)} cells, and the heading has {len(heading)}", file=source, line=line
        )
    cells = {name: _armed(cell) for name, cell in zip(heading, row, strict=True)}
    fields: dict[str, JsonValue] = {
        name: _value(name, cell) for name, cell in cells.items() if cell
    }
    fields |= {name: _EMPTY[name] for name, cell in cells.items() if not cell and name in _EMPTY}
    price, currency = fields.pop("price_per_hour", None), fields.pop("currency", None)
    if price is not None:
        amount = _amount(str(price))
        if amount is None:
            raise ConfigurationError(
                f"price_per_hour '{str(price)[:40]}' is no price",
                hint="such as 0.0071",
                file=source,
                line=line,
            )
        fields["price_per_hour"] = {"amount": amount, "currency": currency or "USD"}
    return fields


@lru_cache(maxsize=1024)
def _amount(cell: str) -> str | None:
    """As JSON writes it; None for what is no price. A million xNodes have a few prices."""
    if _PRICE.fullmatch(cell):
        return str(Money.of(cell).model_dump(mode="json")["amount"])
    return None


def _value(name: str, cell: str) -> JsonValue:
    if name == "tags":
        return [*_tags(cell)]
    if name == "protected":
        return {**_WORDS, **_NO_WORDS}.get(cell.strip().lower(), cell)
    return cell


def _tags(cell: str) -> Iterator[str]:
    """`a;b`; a `;` or a backslash within a tag has a backslash before it."""
    if "\\" not in cell:
        yield from (tag for part in cell.split(";") if (tag := part.strip()))
        return
    start = 0
    for end in [*(found.end() - 1 for found in _TAG_END.finditer(cell)), len(cell)]:
        tag = re.sub(r"\\([\\;])", r"\1", cell[start:end]).strip()
        if tag:
            yield tag
        start = end + 1


def _escaped(tag: str) -> str:
    return tag.replace("\\", "\\\\").replace(";", "\\;")


def unarmed(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _armed(cell: str) -> str:
    quoted = cell.startswith("'") and cell[1:].startswith(_FORMULA)
    return cell[1:] if quoted else cell
