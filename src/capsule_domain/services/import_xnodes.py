"""Taking xNodes from a file into the inventory: looked at first, then all of them or none."""

from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from capsule_domain.errors import ConfigurationError
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.xnode import XNode, XNodeChange, change_between
from capsule_domain.models.xnode_file import ImportPlan, Record
from capsule_domain.ports.catalogue import Catalogue
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.xnode_files import XNodeFiles
from capsule_domain.services.doubles import Doubles
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


class _Made(NamedTuple):
    """A record, what is kept of its xNode, that xNode, and the living one of its name."""

    record: Record
    kept: XNode | None
    xnode: XNode
    namesake: XNode | None


@dataclass
class _Reading:
    """One pass over the file. `faults` are the first of the errors, which name their line."""

    importing: ImportXNodes
    path: str
    faults: list[ConfigurationError] = field(default_factory=list)
    faulty: int = 0
    ids: Doubles = field(default_factory=Doubles)
    names: Doubles = field(default_factory=Doubles)
    given_up: set[int] = field(default_factory=set)
    """Hashes of the ids whose name is free after this file."""
    contested: set[int] = field(default_factory=set)
    """Hashes of the ids whose name another one takes."""

    def __post_init__(self) -> None:
        self.maker = XNodeOfRecord(
            self.path,
            self.importing.catalogue,
            self.importing.clouds,
            self.importing.clock.now(),
            self._new_id,
        )

    def _new_id(self) -> str:
        """Two in one: of a million short ones two are often alike, or one is kept already."""
        return f"{self.importing.new_id()}{self.importing.new_id()}"

    def pairs(self) -> Iterator[Pair]:
        """Every xNode of the file that has no fault."""
        for made in self._made(self._note):
            kept, xnode, name = made.kept, made.xnode, _living_name(made.xnode)
            self.ids.add(xnode.id)
            if kept is not None and _living_name(kept) not in (None, name):
                self.given_up.add(hash(kept.id))
            if name is not None:
                self.names.add(name)
                if made.namesake is not None and made.namesake.id != xnode.id:
                    self.contested.add(hash(made.namesake.id))
            yield kept, xnode
        self._settle()

    def _made(self, note: Callable[[ConfigurationError], None]) -> Iterator[_Made]:
        records = records_in(self.importing.files.lines(self.path), self.path)
        while batch := list(islice(records, _BATCH)):
            by_id = self.importing.inventory.known(_words(batch, "id"))
            by_name = self.importing.inventory.living(_words(batch, "name"))
            for record in batch:
                namesake = by_name.get(str(record.fields.get("name")))
                # Without an id the living one of that name is meant.
                meant = "id" in record.fields
                kept = by_id.get(str(record.fields.get("id"))) if meant else namesake
                try:
                    yield _Made(record, kept, self.maker.make(record, kept), namesake)
                except ConfigurationError as error:
                    note(error)

    def _settle(self) -> None:
        """What only the whole file tells: who is there twice, and whose name is not free.

        Lines are not remembered: the file is read again for the first few.
        """
        ids, names = Counter(self.ids.again()), Counter(self.names.again())
        taken = self.contested - self.given_up
        found = self._clashes(ids, names, taken) if ids or names or taken else iter(())
        self.faults += islice(found, _FAULTS_TOLD - len(self.faults))
        self.faulty += ids.total() + names.total() + len(taken)

    def _clashes(
        self, ids: Container[int], names: Container[int], taken: Container[int]
    ) -> Iterator[ConfigurationError]:
        first: dict[tuple[str, str], int] = {}
        for record, _, xnode, namesake in self._made(lambda _: None):
            name = _living_name(xnode)
            for kind, word, twice in (("id", xnode.id, ids), ("name", name, names)):
                if word is None or hash(word) not in twice:
                    continue
                if (kind, word) in first:
                    where = f", first in line {first[kind, word]}"
                    yield self._fault(record, f"the {kind} '{word[:60]}' is there twice{where}")
                else:
                    first[kind, word] = record.line
            if name is None or namesake is None or namesake.id == xnode.id:
                continue
            if hash(namesake.id) in taken:
                told = f"the name '{name[:60]}' is taken by another xNode, {namesake.id}"
                yield self._fault(record, told)

    def _fault(self, record: Record, message: str) -> ConfigurationError:
        return ConfigurationError(message, file=self.path, line=record.line)

    def _note(self, fault: ConfigurationError) -> None:
        self.faulty += 1
        if len(self.faults) < _FAULTS_TOLD:
            self.faults.append(fault)

    def refuse_faults(self) -> None:
        """Raises the first fault; its hint tells of the others."""
        if not self.faulty:
            return
        if not self.faults:  # what took a name is kept by now, in a transaction that fails
            raise ConfigurationError(
                "the names of other xNodes are taken in it", file=self.path, hint="import it anew"
            )
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
