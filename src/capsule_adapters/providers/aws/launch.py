"""The request that rents: repeated without renting twice, zone after zone."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from capsule_adapters.providers.aws import NAME
from capsule_adapters.providers.aws.api import AwsApi
from capsule_adapters.providers.aws.readings import Subnet
from capsule_adapters.providers.aws.refusals import AwsRefusal
from capsule_adapters.providers.aws.site import Site, Surveyor, root_gib
from capsule_adapters.providers.aws.tags import pairs
from capsule_adapters.rest.patience import Repetition
from capsule_domain.errors import (
    OutOfStock,
    ProviderError,
    ProviderUnavailable,
    QuotaExceeded,
)
from capsule_domain.models.deployment import TAG_PREFIX
from capsule_domain.models.server import ServerRequest
from capsule_domain.ports.clock import Clock

_NOT_THERE_YET = (
    "InvalidGroup.NotFound",
    "InvalidGroup.Duplicate",  # there, and yet in no list
    "InvalidGroupId.NotFound",
    "InvalidKeyPair.NotFound",
)
_ATTEMPTS = 6
_PAUSE_SECONDS = 2.0


class Launch:
    """Rents."""

    def __init__(self, api: AwsApi, surveyor: Surveyor, clock: Clock) -> None:
        self._api = api
        self._surveyor = surveyor
        self._clock = clock
        self._repeated = Repetition(api.patience, clock)

    def run(self, request: ServerRequest) -> Mapping[str, Any]:
        """The reservation that AWS made.

        A key or a group that was only just made may not be known everywhere: then nothing
        was rented, and we begin anew.
        """
        token = _token(request)
        for _ in range(_ATTEMPTS - 1):
            try:
                return self._once(request, token)
            except AwsRefusal as error:
                if error.code not in _NOT_THERE_YET:
                    raise
            self._clock.sleep(_PAUSE_SECONDS)
        return self._once(request, token)

    def _once(self, request: ServerRequest, token: str) -> Mapping[str, Any]:
        """In the first zone that has room."""
        with _nothing_rented():
            site = self._surveyor.prepare(request)
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
        except (OutOfStock, QuotaExceeded):
            raise
        except ProviderError as error:
            code = error.code if isinstance(error, AwsRefusal) else ""
            if code == "IdempotentParameterMismatch":
                raise _rented_before() from error
            if not sent or code in _NOT_THERE_YET:
                raise
            # An earlier attempt may have rented, whatever is said of this one.
            raise ProviderUnavailable(NAME, error.message, hint=error.hint) from error


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
