"""The adapters of what is written down, each made when it is first used; and by whom."""

import getpass
import os
import re
from functools import cached_property
from typing import TYPE_CHECKING

from capsule_cli import __version__
from capsule_cli.wiring.ground import Ground

if TYPE_CHECKING:
    from capsule_adapters.store.sqlite import Database
    from capsule_domain.ports.backups import Backups
    from capsule_domain.ports.inventory import Inventory
    from capsule_domain.ports.journal import Journal
    from capsule_domain.ports.ledger import Ledger
    from capsule_domain.ports.plan_files import PlanFiles
    from capsule_domain.ports.price_lists import PriceLists
    from capsule_domain.ports.switch_journal import SwitchJournal
    from capsule_domain.ports.xnode_files import XNodeFiles

_USERNAME = re.compile(r"[a-z_][a-z0-9_-]{0,30}")


def _login() -> str:
    """Who runs this; empty for a user without a name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def actor() -> str:
    """Whose doing it is, for the history: `anna@laptop`."""
    return f"{_login() or os.getuid()}@{os.uname().nodename}"


def username() -> str:
    """Who runs this, where that is a name for a machine's first user."""
    name = _login()
    return name if _USERNAME.fullmatch(name) and name != "root" else "admin"


class Books(Ground):
    """State, plans and prices in one home."""

    @cached_property
    def database(self) -> "Database":
        from capsule_adapters.store.state import state_database

        database = state_database(self._home)
        self.closers.append(database.close)
        return database

    @cached_property
    def inventory(self) -> "Inventory":
        from capsule_adapters.store.inventory import SqliteInventory

        return SqliteInventory(self.database, actor=actor(), now=self.clock.now)

    def ledger(self) -> "Ledger":
        from capsule_adapters.store.ledger import SqliteLedger

        return SqliteLedger(self.database)

    @cached_property
    def journal(self) -> "Journal":
        from capsule_adapters.store.journal import SqliteJournal

        return SqliteJournal(self.database)

    def switch_journal(self) -> "SwitchJournal":
        from capsule_adapters.store.switch_journal import SqliteSwitchJournal

        return SqliteSwitchJournal(self.database)

    def xnode_files(self) -> "XNodeFiles":
        from capsule_adapters.store.xnode_files import LocalXNodeFiles

        return LocalXNodeFiles(self._home)

    def price_lists(self) -> "PriceLists":
        from capsule_adapters.store.price_lists import JsonPriceLists

        return JsonPriceLists(self._home / "catalogue")

    def plan_files(self) -> "PlanFiles":
        from capsule_adapters.store.plan_files import LocalPlanFiles

        return LocalPlanFiles()

    def backups(self) -> "Backups":
        from capsule_adapters.store.backups import ArchiveFolder

        return ArchiveFolder(self._home, self.clock, __version__)
