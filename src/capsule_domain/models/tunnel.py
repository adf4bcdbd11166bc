"""Tunnels: ports of this machine that lead to ports of an xNode."""

from pydantic import Field

from capsule_domain.models.base import Model, Moment


class Tunnel(Model):
    """A tunnel that is open. Whoever connects to `local_port` of 127.0.0.1 is at `remote_port`.

    `pid` and `started` say which process holds it: `started` is a mark that no other process
    of that pid has.
    """

    id: str
    xnode: str
    """The xNode's name."""
    xnode_id: str
    remote_port: int = Field(ge=1, le=65535)
    local_port: int = Field(ge=1, le=65535)
    pid: int
    started: str
    since: Moment
