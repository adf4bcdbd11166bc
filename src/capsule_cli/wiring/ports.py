"""The ports that commands use, and the services made of them."""

from capsule_cli.wiring.account_services import AccountServices
from capsule_cli.wiring.cloud_services import CloudServices
from capsule_cli.wiring.cost_services import GROUPS, GroupBy
from capsule_cli.wiring.fleet_services import FleetServices
from capsule_cli.wiring.monitor_services import MonitorServices
from capsule_cli.wiring.switch_services import SwitchServices

__all__ = ["GROUPS", "GroupBy", "Wiring"]


class Wiring(CloudServices, AccountServices, MonitorServices, FleetServices, SwitchServices):
    """Ports (fields.py), each filled when it is first asked for. Tests fill it with fakes."""
