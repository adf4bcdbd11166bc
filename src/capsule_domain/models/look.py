"""What a look at xNodes takes in."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from capsule_domain.models.base import Model

Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class HttpCheck(Model):
    """A URL to ask for. `{address}` in it stands for the xNode's, `{name}` for its name.

    Fine is a status in `statuses`, or from 200 to 399 where there are none, and `text`
    somewhere in the first MiB of the answer. Redirects are an answer, and not followed.
    """

    url: str = Field(pattern=r"^https?://\S+$")
    statuses: tuple[Annotated[int, Field(ge=100, le=599)], ...] = ()
    text: str = ""


class CheckChoice(Model):
    """Which checks an xNode gets. Without `ssh` it has no metrics."""

    ping: bool = True
    ssh: bool = True
    tcp_ports: tuple[Port, ...] = ()
    http: tuple[HttpCheck, ...] = ()


class LookPlan(Model):
    """What one look takes in, how long each step may take, and how often it is tried.

    /proc is read at every look; `disks`: df as well; `system`: failed units, the
    generation, graphics processors and the number of processors as well.
    `at_once`: CPU and rates from this one look, by two readings half a second apart,
    and not from the look before it and this one.

    A check that was passing is down only after `tries`, `retry_seconds` apart. One that
    is down already is tried once a look, and ever more rarely. `deadline_seconds` ends the
    look at one xNode, whatever it is at; the caller's interval should be longer.
    """

    checks: CheckChoice = Field(default_factory=CheckChoice)
    checks_of: Mapping[str, CheckChoice] = Field(default_factory=dict)
    """By xNode id, in the place of `checks`."""
    disks: bool = True
    system: bool = True
    at_once: bool = False
    tries: int = Field(default=3, ge=1, le=10)
    retry_seconds: Seconds = 5.0
    ping_seconds: Seconds = 5.0
    ssh_seconds: Seconds = 10.0
    read_seconds: Seconds = 15.0
    http_seconds: Seconds = 10.0
    deadline_seconds: Seconds = 50.0

    def choice(self, xnode_id: str) -> CheckChoice:
        """The checks of that xNode."""
        return self.checks_of.get(xnode_id, self.checks)
