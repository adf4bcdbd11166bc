"""AWS: EC2 instances, over boto3, which is imported when AWS is connected and not before."""

from collections.abc import Mapping

from pydantic import SecretStr

from capsule_adapters.providers.aws import profiles
from capsule_domain.models.money import Money
from capsule_domain.models.server import Capabilities, UserDataForm
from capsule_domain.models.template import Arch
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.provider import Provider

NAME = "aws"
TITLE = "AWS EC2"
KEY_VARIABLE = "AWS_ACCESS_KEY_ID"
SECRET_VARIABLE = "AWS_SECRET_ACCESS_KEY"  # noqa: S105  the variable's name
SESSION_VARIABLE = "AWS_SESSION_TOKEN"

found_elsewhere = profiles.found_elsewhere

CAPABILITIES = Capabilities(
    # EC2 user guide, instance lifecycle: a stopped instance costs nothing. Its disk does, and
    # an Elastic IP; an automatic public address is given back.
    bills_when_stopped=False,
    # EC2 user guide, user data: 16 KB in raw form, before it is base64-encoded.
    user_data_form=UserDataForm.PLAIN,
    user_data_max_bytes=16 * 1024,
    # API description, RunInstances: ClientToken ensures the idempotency of the request.
    idempotent_create=True,
    # API reference, eventual consistency: no figure; up to a few minutes of backoff are advised.
    settling_seconds=120.0,
    # EC2 user guide, tag restrictions: a key has 1 to 128 characters, and aws: is reserved in
    # any case. Name is the server's name, and capsule the deployment's key: see tags.py. EC2
    # would take any character; these are those that every service of AWS takes, without = and
    # the blank.
    tag_pattern=r"(?!(?i:aws:)|Name$|capsule$)[A-Za-z0-9+._:/@-]{1,128}",
    # API description: CreateTags adds and overwrites tags of what is there.
    tags_change_after_creation=True,
    # EC2 pricing page: Linux on demand by the second, 60 seconds at least.
    minimum_billed_seconds=60,
    # EC2 pricing page: by the second.
    billed_by_seconds=1,
    # EC2 pricing page: by the second without a cap.
    monthly_cap=False,
    architectures=(Arch.X86_64, Arch.AARCH64),
    # NixOS publishes images of its own, under its own account.
    nixos_image=True,
    stopped_costs="disk and Elastic IP address",
    # "New – AWS Public IPv4 Address Charge + Public IP Insights", AWS News Blog, 2023-07-28: from
    # 2024-02-01 on an hour of each public IPv4 address costs this much, in every region.
    address_per_hour=Money.of("0.005"),
    # EBS is sold by the gigabyte and month, at a price of each region's own.
    not_counted="disk",
)


def connect(secrets: Mapping[str, SecretStr], endpoint: str | None, clock: Clock) -> Provider:
    """One account, with the given keys or else by all that boto3 reads.

    Raises CredentialsMissing when neither is there, and ConfigurationError.
    """
    from capsule_adapters.providers.aws.api import AwsApi
    from capsule_adapters.providers.aws.provider import AwsProvider
    from capsule_adapters.providers.aws.session import Access

    return AwsProvider(AwsApi(Access.of(secrets, endpoint), clock), clock)
