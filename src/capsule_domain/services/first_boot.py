"""What a new server starts from, for the system that is asked of it."""

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import SecretStr

from capsule_domain.errors import ConfigurationError
from capsule_domain.models.deployment import DeployPlan
from capsule_domain.models.nixos_install import NIXOS_IMAGE, NixosWay
from capsule_domain.models.operating_system import OperatingSystem
from capsule_domain.models.server import Capabilities
from capsule_domain.models.template import Arch
from capsule_domain.ports.host import DeployKey, HostKey
from capsule_domain.ports.settings import OpenmeshSettings
from capsule_domain.services.nixos_way import choose_way
from capsule_domain.services.user_data import nixos_image_user_data, user_data
from capsule_domain.services.xnodeos import install_command


@dataclass(frozen=True)
class FirstBoot:
    """What is sent along with a request. `image` None: the cloud's own Ubuntu 24.04."""

    user_data: SecretStr
    image: str | None = None

    @property
    def is_told(self) -> bool:
        """Whether the server is told anything, its host key among it."""
        return bool(self.user_data.get_secret_value())


@dataclass(frozen=True)
class PrepareBoot:
    """Makes it, or refuses before anything is journalled or rented.

    `refuse_unable` raises ToolMissing when this machine cannot install NixOS in a way.
    """

    settings: OpenmeshSettings
    refuse_unable: Callable[[NixosWay], None]

    def run(
        self, plan: DeployPlan, can: Capabilities, key: DeployKey, host_key: HostKey
    ) -> FirstBoot:
        """Raises ConfigurationError when the cloud cannot be told what is needed, ToolMissing."""
        boot = self._boot(plan, can, key, host_key)
        size = len(boot.user_data.get_secret_value().encode())
        if size > can.user_data_max_bytes:
            raise ConfigurationError(
                f"what {plan.name} is to be told at its first start has {size} bytes, and "
                f"{plan.offer.provider} takes {can.user_data_max_bytes}",
                hint="choose another cloud, or --os stock",
            )
        return boot

    def _boot(
        self, plan: DeployPlan, can: Capabilities, key: DeployKey, host_key: HostKey
    ) -> FirstBoot:
        if plan.os is OperatingSystem.XNODEOS:
            _refuse_other_than_x86(plan)
            command = install_command(self.settings, key.public_openssh, host_key)
            return FirstBoot(user_data(host_key, (command,)), plan.image)
        if plan.os is OperatingSystem.NIXOS:
            chosen = choose_way(plan.offer, can)
            self.refuse_unable(chosen.way)
            if chosen.way is NixosWay.IMAGE:
                return FirstBoot(nixos_image_user_data(host_key), plan.image or NIXOS_IMAGE)
        told = user_data(host_key) if can.user_data_max_bytes else SecretStr("")
        return FirstBoot(told, plan.image)


def _refuse_other_than_x86(plan: DeployPlan) -> None:
    """Its releases hold an installer for x86_64 alone."""
    if plan.offer.arch is not Arch.X86_64:
        raise ConfigurationError(
            f"XnodeOS is made for x86_64, and {plan.offer.template} is {plan.offer.arch}",
            hint="--arch x86_64, or --os nixos",
        )


def _nothing_to_refuse(_way: NixosWay) -> None: ...


PLAIN_BOOT = PrepareBoot(OpenmeshSettings(), _nothing_to_refuse)
"""For those who ask for no system but the cloud's."""
