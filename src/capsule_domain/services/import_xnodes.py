"""Taking xNodes from a file into the inventory: looked at first, then all of them or none."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from capsule_domain.errors import ConfigurationError
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode, XNodeChange, change_between
from capsule_domain.models.xnode_file import ImportPlan, Record
from capsule_domain.ports.catalogue import Catalogue
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.xnode_files import XNodeFiles
from capsule_domain.services.xnode_of_record import XNodeOfRecord
from capsule_domain.services.xnode_records import records_in

_BATCH = 500
_SHOWN = 50
_FAULTS_TOLD = 5

Pair = tuple[XNode | None, XNode]
"""What is kept and what it becomes."""


@dataclass(frozen=True)
class ImportXNodes:
    """The file is read twice, a piece at a time, so that its size does not matter."""

    files: XNodeFiles
    inventory: Inventory
    catalogue: Catalogue
    clouds: Sequence[str]
    clock: Clock
    new_id: Callable[[], str]

    def look(self, path: str) -> ImportPlan:
        """What the file would change. Raises ConfigurationError with every faulty line's number
        for what is no xNode, or is there twice.
        """
        reading = _Reading(self, path)
        counts: Counter[str] = Counter()
        changes: list[XNodeChange] = []
        for before, after in reading.pairs():
            if before == after:
                counts["same"] += 1
                continue
            counts["added" if before is None else "changed"] += 1
            change = self._shown(before, after) if len(changes) < _SHOWN else None
            if change is not None:
                changes.append(change)
        reading.refuse_faults()
        return ImportPlan(
            source=path,
            added=counts["added"],
            changed=counts["changed"],
            same=counts["same"],
            changes=tuple(changes),
            warnings=tuple(
                doubt if count == 1 else f"{doubt} ({count} times)"
                for doubt, count in reading.maker.doubts.most_common(_SHOWN)
            ),
        )

    def _shown(self, before: XNode | None, after: XNode) -> XNodeChange | None:
        return change_between(before, after, time=self.clock.now(), actor="")

    def run(self, path: str) -> None:
        """Keep what differs, in one transaction. Raises as `look` does, and keeps nothing then."""
        self.inventory.save_all(self._differing(path))

    def _differing(self, path: str) -> Iterator[XNode]:
        reading = _Reading(self, path)
        for before, after in reading.pairs():
            if reading.faults:
                break
            if before != after:
                yield after
        reading.refuse_faults()


@dataclass
class _Reading:
    """One pass over the file. `faults` are errors that name their line."""

    importing: ImportXNodes
    path: str
    faults: list[ConfigurationError] = field(default_factory=list)
    faulty: int = 0
    ids: set[int] = field(default_factory=set)
    """Hashes: a million of them are a tenth of the words themselves."""
    names: set[int] = field(default_factory=set)
    given_up: set[int] = field(default_factory=set)
    """Hashes of the ids whose name is free after this file."""
    contested: dict[int, int] = field(default_factory=dict)
    """The line that takes the name of another one, by the hash of that one's id."""

    def __post_init__(self) -> None:
        self.maker = XNodeOfRecord(
            self.path,
            self.importing.catalogue,
            self.importing.clouds,
            self.importing.clock.now(),
            self.importing.new_id,
        )

    def pairs(self) -> Iterator[Pair]:
        """Every xNode of the file that has no fault."""
        records = records_in(self.importing.files.lines(self.path), self.path)
        while batch := list(islice(records, _BATCH)):
            by_id = self.importing.inventory.known(_words(batch, "id"))
            by_name = self.importing.inventory.living(_words(batch, "name"))
            for record in batch:
                namesake = by_name.get(str(record.fields.get("name")))
                try:
                    pair = self._pair(record, by_id.get(str(record.fields.get("id"))), namesake)
                except ConfigurationError as error:
                    self._note(error)
                else:
                    yield pair
        self._settle_names()

    def _pair(self, record: Record, kept: XNode | None, namesake: XNode | None) -> Pair:
        """Without an id the living one of that name is meant."""
        if "id" not in record.fields:
            kept = namesake
        xnode = self.maker.make(record, kept)
        self._refuse_twice("id", xnode.id, self.ids, record)
        name = _living_name(xnode)
        if kept is not None and _living_name(kept) not in (None, name):
            self.given_up.add(hash(kept.id))
        if name is not None:
            self._refuse_twice("name", name, self.names, record)
            if namesake is not None and namesake.id != xnode.id:
                self.contested[hash(namesake.id)] = record.line
        return kept, xnode

    def _settle_names(self) -> None:
        """A name of another xNode is free only when this file gives it up, in whatever line."""
        taken = {line for id_, line in self.contested.items() if id_ not in self.given_up}
        if not taken:
            return
        for record in records_in(self.importing.files.lines(self.path), self.path):
            if record.line in taken and len(self.faults) < _FAULTS_TOLD:
                self._note(self._taken(record))
            elif record.line in taken:
                self.faulty += 1

    def _taken(self, record: Record) -> ConfigurationError:
        name = str(record.fields.get("name"))
        holder = self.importing.inventory.living([name]).get(name)
        by = f" by another xNode, {holder.id}" if holder else ""
        return ConfigurationError(
            f"the name '{name}' is taken{by}", file=self.path, line=record.line
        )

    def _refuse_twice(self, kind: str, word: str, seen: set[int], record: Record) -> None:
        if hash(word) not in seen:
            seen.add(hash(word))
            return
        first = self._line_of(kind, word) if len(self.faults) < _FAULTS_TOLD else None
        where = "" if first is None else f", first in line {first}"
        raise ConfigurationError(
            f"the {kind} '{word[:60]}' is there twice{where}", file=self.path, line=record.line
        )

    def _line_of(self, kind: str, word: str) -> int | None:
        """Lines are not remembered: the file is asked again."""
        records = records_in(self.importing.files.lines(self.path), self.path)
        return next((r.line for r in records if r.fields.get(kind) == word), None)

    def _note(self, fault: ConfigurationError) -> None:
        self.faulty += 1
        if len(self.faults) < _FAULTS_TOLD:
            self.faults.append(fault)

    def refuse_faults(self) -> None:
        """Raises the first fault; its hint tells of the others."""
        if not self.faults:
            return
        first, *others = sorted(self.faults, key=lambda fault: fault.line or 0)
        told = [one.message.removeprefix(f"{self.path}:") for one in others]
        untold = self.faulty - len(self.faults)
        if untold:
            told.append(f"and {untold} more")
        listed = "; ".join(f"line {one}" if one[0].isdigit() else one for one in told)
        hint = "; ".join(part for part in (first.hint, listed) if part) or "nothing was changed"
        message = first.message.removeprefix(f"{self.path}:{first.line}: ")
        raise ConfigurationError(message, hint=hint, file=self.path, line=first.line) from first


def _words(batch: Sequence[Record], name: str) -> list[str]:
    return [word for record in batch if isinstance(word := record.fields.get(name), str)]


def _living_name(xnode: XNode) -> str | None:
    return None if xnode.status is ServerStatus.GONE else xnode.name
