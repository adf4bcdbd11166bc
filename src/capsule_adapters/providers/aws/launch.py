"""Everything that must be there before AWS starts a server, and the request that rents."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from capsule_adapters.providers.aws import NAME
from capsule_adapters.providers.aws.api import AwsApi
from capsule_adapters.providers.aws.firewall import Firewall
from capsule_adapters.providers.aws.keys import ensure_key
from capsule_adapters.providers.aws.readings import Image, InstanceType, Subnet
from capsule_adapters.providers.aws.refusals import AwsRefusal
from capsule_adapters.providers.aws.tags import pairs
from capsule_adapters.rest.patience import Repetition
from capsule_adapters.rest.wire import understood
from capsule_domain.errors import (
    OutOfStock,
    ProviderError,
    ProviderUnavailable,
    QuotaExceeded,
)
from capsule_domain.models.deployment import TAG_PREFIX
from capsule_domain.models.server import ServerRequest
from capsule_domain.models.template import Arch
from capsule_domain.ports.clock import Clock

_UBUNTU = "099720109477"
"""Canonical's account, which owns Ubuntu's images."""
_IMAGE_NAMES = {
    Arch.X86_64: "ubuntu/images/hvm-ssd*/ubuntu-noble-24.04-amd64-server-*",
    Arch.AARCH64: "ubuntu/images/hvm-ssd*/ubuntu-noble-24.04-arm64-server-*",
}
_ROOT_GIB = {"t3.micro": 30, "t3.medium": 50, "m5.large": 100, "c5.2xlarge": 200}
"""The disks of the catalogue's templates."""
_USUAL_ROOT_GIB = 30
_NOT_THERE_YET = ("InvalidGroup.NotFound", "InvalidKeyPair.NotFound", "InvalidGroupId.NotFound")
_ATTEMPTS = 6
_PAUSE_SECONDS = 2.0


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


class Launch:
    """Prepares and rents."""

    def __init__(self, api: AwsApi, firewall: Firewall, clock: Clock) -> None:
        self._api = api
        self._firewall = firewall
        self._clock = clock
        self._repeated = Repetition(api.patience, clock)

    def run(self, request: ServerRequest) -> Mapping[str, Any]:
        """The reservation that AWS made.

        Zone after zone until one has room. A key or a group that was only just made may
        not be known everywhere: then nothing was rented, and we ask anew.
        """
        with _nothing_rented():
            site = self._site(request)
        token = _token(request)
        for attempt in range(_ATTEMPTS):
            try:
                return self._somewhere(request, site, token)
            except AwsRefusal as error:
                if error.code not in _NOT_THERE_YET or attempt == _ATTEMPTS - 1:
                    raise
            self._clock.sleep(_PAUSE_SECONDS)
            with _nothing_rented():
                site = self._site(request)
        raise AssertionError("the last attempt returns or raises")

    def _somewhere(self, request: ServerRequest, site: Site, token: str) -> Mapping[str, Any]:
        *others, last = site.subnets
        for subnet in others:
            try:
                return self._rent(request, site, subnet, token)
            except OutOfStock:
                continue
        return self._rent(request, site, last, token)

    def _rent(
        self, request: ServerRequest, site: Site, subnet: Subnet, token: str
    ) -> Mapping[str, Any]:
        """Ask, and ask again with the same ClientToken: AWS rents once whatever happens.

        What the error says of `sent` is true of all attempts together.
        """
        parameters = _parameters(request, site, subnet, token)
        sent = False

        def ask() -> Mapping[str, Any]:
            nonlocal sent
            try:
                return self._api.call(
                    "ec2",
                    request.region,
                    "run_instances",
                    once=True,
                    secret=request.user_data,
                    **parameters,
                )
            except ProviderUnavailable as error:
                sent = sent or error.sent
                raise

        try:
            return self._repeated(ask)
        except ProviderUnavailable as error:
            error.sent = sent
            raise
        except AwsRefusal as error:
            if error.code == "IdempotentParameterMismatch":
                raise _rented_before() from error
            raise
        except (OutOfStock, QuotaExceeded):
            raise
        except ProviderError as error:
            if not sent:
                raise
            # An earlier attempt may have rented before we lost the right to ask.
            raise ProviderUnavailable(NAME, error.message, hint=error.hint) from error

    def _site(self, request: ServerRequest) -> Site:
        region = request.region
        if region not in self._api.regions:
            raise ProviderError(
                NAME, f"no region {region} is enabled", hint="capsule openmesh regions"
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
        """The one that was asked for, or else the newest Ubuntu 24.04: ids differ by region."""
        if image_id is not None:
            wanted: dict[str, Any] = {"ImageIds": [image_id]}
        else:
            filters = {
                "name": _IMAGE_NAMES[arch],
                "state": "available",
                "root-device-type": "ebs",
                "virtualization-type": "hvm",
            }
            wanted = {
                "Owners": [_UBUNTU],
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


def _parameters(
    request: ServerRequest, site: Site, subnet: Subnet, token: str
) -> Mapping[str, Any]:
    named = pairs(request.name, request.tags)
    user_data = request.user_data.get_secret_value()
    return {
        "ImageId": site.image.image_id,
        "InstanceType": request.slug,
        "MinCount": 1,
        "MaxCount": 1,
        "KeyName": site.key_name,
        "SubnetId": subnet.subnet_id,
        "SecurityGroupIds": [site.group_id],
        # Other parameters are needed in another zone, and so another token.
        "ClientToken": _digest(f"{token}/{subnet.subnet_id}"),
        "TagSpecifications": [
            {"ResourceType": kind, "Tags": named} for kind in ("instance", "volume")
        ],
        "BlockDeviceMappings": [
            {
                "DeviceName": site.image.root_device_name,
                "Ebs": {
                    "VolumeSize": max(root_gib(request.slug), site.image.least_root_gib),
                    "VolumeType": "gp3",
                    # A volume that outlives its server is billed on.
                    "DeleteOnTermination": True,
                },
            }
        ],
        "MetadataOptions": {"HttpTokens": "required", "HttpEndpoint": "enabled"},
        # boto3 encodes it as base64.
        **({"UserData": user_data} if user_data else {}),
    }


def _token(request: ServerRequest) -> str:
    """The same for the same server of the same deployment, in whatever process."""
    deployment = [tag for tag in request.tags if tag.startswith(TAG_PREFIX)]
    if not deployment:
        return uuid4().hex
    return _digest("/".join((*deployment, request.region, request.slug, request.name)))


def _digest(text: str) -> str:
    """64 characters, which is as many as AWS takes."""
    return hashlib.sha256(text.encode()).hexdigest()


def _rented_before() -> ProviderUnavailable:
    """AWS knows the token with other parameters: this very deployment has a server already."""
    return ProviderUnavailable(NAME, "the deployment was begun before, and may have a server")


@contextmanager
def _nothing_rented() -> Iterator[None]:
    """Whatever failed in here, the renting request was not sent."""
    try:
        yield
    except ProviderUnavailable as error:
        error.sent = False
        raise
