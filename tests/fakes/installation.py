"""An installation in memory."""

from collections.abc import Sequence

from capsule_domain.errors import CommandFailed
from capsule_domain.ports.installation import Origin, Progress


class FakeInstallation:
    """Keeps what it was asked to run. `brings` is what it is after the last command.

    `fails` is the beginning of the command that fails.
    """

    def __init__(self, origin: Origin, brings: Origin | None = None) -> None:
        self.now = origin
        self.brings = brings
        self.fails: str | None = None
        self.ran: list[tuple[str, ...]] = []

    def origin(self) -> Origin:
        return self.now

    def run(self, command: Sequence[str], progress: Progress) -> None:
        if self.fails is not None and command[0].startswith(self.fails):
            raise CommandFailed(f"{command[0]} failed: no", hint=" ".join(command))
        self.ran.append(tuple(command))
        progress(0.1, "done")
        if self.brings is not None:
            self.now = self.brings

    def version(self) -> str:
        return self.now.version
