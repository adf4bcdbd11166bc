"""Everything that must be there before AWS starts a server."""

from dataclasses import dataclass
from typing import Any

from capsule_adapters.providers.aws import NAME
from capsule_adapters.providers.aws.api import AwsApi
from capsule_adapters.providers.aws.firewall import Firewall
from capsule_adapters.providers.aws.keys import ensure_key
from capsule_adapters.providers.aws.readings import Image, InstanceType, Subnet
from capsule_adapters.rest.wire import understood
from capsule_domain.errors import OutOfStock, ProviderError
from capsule_domain.models.nixos_install import NIXOS_IMAGE
from capsule_domain.models.server import ServerRequest
from capsule_domain.models.template import Arch

# Whose images, by the account that owns them, and what they are called there.
_UBUNTU = (
    "099720109477",
    {
        Arch.X86_64: "ubuntu/images/hvm-ssd*/ubuntu-noble-24.04-amd64-server-*",
        Arch.AARCH64: "ubuntu/images/hvm-ssd*/ubuntu-noble-24.04-arm64-server-*",
    },
)
# nixos.github.io/amis
_NIXOS = (
    "427812963091",
    {Arch.X86_64: "nixos/26.05*-x86_64-linux", Arch.AARCH64: "nixos/26.05*-aarch64-linux"},
)
_ROOT_GIB = {"t3.micro": 30, "t3.medium": 50, "m5.large": 100, "c5.2xlarge": 200}
"""The disks of the catalogue's templates."""
_USUAL_ROOT_GIB = 30


def root_gib(slug: str) -> int:
    """The root volume that a size is given: instances come without one of their own."""
    return _ROOT_GIB.get(slug, _USUAL_ROOT_GIB)


@dataclass(frozen=True)
class Site:
    """What a server in one region needs."""

    image: Image
    subnets: tuple[Subnet, ...]
    """Where the size is offered, one for each zone."""
    key_name: str
    group_id: str


class Surveyor:
    """Finds what is there, and makes what is not: the key and the security group."""

    def __init__(self, api: AwsApi, firewall: Firewall) -> None:
        self._api = api
        self._firewall = firewall

    def prepare(self, request: ServerRequest) -> Site:
        """The site for a server. Safe to repeat. Raises OutOfStock and ProviderError."""
        region = request.region
        if region not in self._api.regions:
            raise ProviderError(
                NAME,
                f"no region {region} is enabled",
                hint="capsule openmesh templates --live --provider aws",
            )
        image = self._image(region, self._arch(request), request.image)
        subnets = self._subnets(region, request.slug)
        return Site(
            image=image,
            subnets=subnets,
            key_name=ensure_key(self._api, region, request.ssh_public_key),
            group_id=self._firewall.ensure(region, subnets[0].vpc_id),
        )

    def _arch(self, request: ServerRequest) -> Arch:
        answer = self._api.call(
            "ec2", request.region, "describe_instance_types", InstanceTypes=[request.slug]
        )
        with understood(NAME, "InstanceTypes"):
            found = [
                InstanceType.model_validate(raw)
                for raw in self._api.listed(answer, "InstanceTypes")
            ]
        arch = found[0].arch if found else None
        if arch is None:
            raise ProviderError(NAME, f"{request.slug} cannot run our servers")
        return arch

    def _image(self, region: str, arch: Arch, image_id: str | None) -> Image:
        """The one that was asked for, or the newest of NixOS 26.05 for the word `nixos`, or else
        the newest Ubuntu 24.04: ids differ by region.
        """
        if image_id not in (None, NIXOS_IMAGE):
            wanted: dict[str, Any] = {"ImageIds": [image_id]}
        else:
            owner, names = _NIXOS if image_id == NIXOS_IMAGE else _UBUNTU
            filters = {
                "name": names[arch],
                "state": "available",
                "root-device-type": "ebs",
                "virtualization-type": "hvm",
            }
            wanted = {
                "Owners": [owner],
                "Filters": [{"Name": k, "Values": [v]} for k, v in filters.items()],
            }
        answered = self._api.pages("ec2", region, "describe_images", "Images", **wanted)
        with understood(NAME, "Images"):
            images = [Image.model_validate(raw) for raw in answered]
        if not images:
            raise ProviderError(NAME, f"no image {image_id or 'of Ubuntu 24.04'} in {region}")
        return max(images, key=lambda image: image.creation_date)

    def _subnets(self, region: str, slug: str) -> tuple[Subnet, ...]:
        """The default subnets in the zones where the size is offered.

        Raises OutOfStock when it is in none.
        """
        offered = self._api.pages(
            "ec2",
            region,
            "describe_instance_type_offerings",
            "InstanceTypeOfferings",
            LocationType="availability-zone",
            Filters=[{"Name": "instance-type", "Values": [slug]}],
        )
        zones = {offer.get("Location") for offer in offered}
        if not zones:
            raise OutOfStock(NAME, f"{slug} is not offered in {region}")
        described = self._api.pages(
            "ec2",
            region,
            "describe_subnets",
            "Subnets",
            Filters=[{"Name": "default-for-az", "Values": ["true"]}],
        )
        with understood(NAME, "Subnets"):
            subnets = [Subnet.model_validate(raw) for raw in described]
        public = [subnet for subnet in subnets if subnet.map_public_ip_on_launch]
        if not public:
            raise ProviderError(
                NAME,
                f"there is no default network with public addresses in {region}",
                hint=f"aws ec2 create-default-vpc --region {region}",
            )
        fitting = sorted(
            (s for s in public if s.availability_zone in zones), key=lambda s: s.availability_zone
        )
        if not fitting:
            raise OutOfStock(NAME, f"{slug} is not offered where the default network is")
        return tuple(fitting)
