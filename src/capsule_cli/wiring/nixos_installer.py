"""What puts NixOS onto machines: over SSH, or in the rehearsal."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from capsule_domain.ports.host import Hosts, KnownHosts
    from capsule_domain.ports.nixos_installer import NixosInstaller
    from capsule_domain.ports.plot import NixInstallers


def nixos_installer(
    hosts: "Hosts",
    known_hosts: "KnownHosts",
    installers: "NixInstallers",
    environment: Mapping[str, str],
    *,
    sandboxed: bool,
) -> "NixosInstaller":
    """The person's own ~/.ssh/config holds, as for every ssh that they start."""
    if sandboxed:
        from capsule_adapters.sandbox.nixos_installer import RehearsedNixosInstaller

        return RehearsedNixosInstaller(hosts)
    from capsule_adapters.installers.nixos.anywhere import Anywhere
    from capsule_adapters.installers.nixos.installer import SshNixosInstaller
    from capsule_adapters.installers.nixos.remote_build import InPlace, OwnImage

    return SshNixosInstaller(
        anywhere=Anywhere(hosts, known_hosts, environment),
        in_place=InPlace(hosts, installers),
        own_image=OwnImage(hosts),
    )
