"""The ports that commands use, and the services made of them."""

from capsule_cli.wiring.cloud_services import CloudServices
from capsule_cli.wiring.fleet_services import GROUPS, FleetServices, GroupBy
from capsule_cli.wiring.life_services import LifeServices
from capsule_cli.wiring.xnode_services import XNodeServices

__all__ = ["GROUPS", "GroupBy", "Wiring"]


class Wiring(CloudServices, XNodeServices, LifeServices, FleetServices):
    """Ports (fields.py), each filled when it is first asked for. Tests fill it with fakes."""
