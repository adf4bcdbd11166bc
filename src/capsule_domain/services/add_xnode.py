"""Taking a server into the inventory that Capsule did not rent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from capsule_domain.errors import ConfigurationError, UsageError
from capsule_domain.models.xnode import XNode
from capsule_domain.models.xnode_file import Record
from capsule_domain.ports.catalogue import Catalogue
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.journal import Journal
from capsule_domain.services.taken import refuse_taken, refuse_unfinished
from capsule_domain.services.xnode_of_record import XNodeOfRecord


@dataclass(frozen=True)
class AddXNode:
    """Looks first, so that what would be added can be shown."""

    inventory: Inventory
    journal: Journal
    catalogue: Catalogue
    clouds: Sequence[str]
    clock: Clock
    new_id: Callable[[], str]

    def look(self, fields: Mapping[str, JsonValue]) -> tuple[XNode, Sequence[str]]:
        """The xNode of these fields, and what of it no catalogue knows.

        Raises UsageError for a field that does not hold, Conflict for a name that is taken.
        """
        maker = XNodeOfRecord("", self.catalogue, self.clouds, self.clock.now(), self.new_id)
        try:
            xnode = maker.make(Record(0, dict(fields)), None)
        except ConfigurationError as error:
            raise UsageError(error.message, hint=error.hint) from error
        refuse_taken(xnode.name, self.inventory)
        refuse_unfinished(xnode.name, self.journal)
        return xnode, list(maker.doubts)

    def run(self, xnode: XNode) -> None:
        """Keep it."""
        self.inventory.add(xnode)
