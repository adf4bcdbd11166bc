"""Where a machine can be reached once it is switched."""

from pydantic import Field

from capsule_domain.models.base import Model


class Endpoint(Model):
    """An address and a TCP port of its sshd, as we name them from here.

    `declared`: the new system serves it, as far as its configuration tells; else it is only
    where the machine is now.
    """

    address: str
    port: int = Field(ge=1, le=65535)
    declared: bool = True

    @property
    def place(self) -> tuple[str, int]:
        """The address and the port."""
        return self.address, self.port
