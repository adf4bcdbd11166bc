"""The Provider port over AWS."""

import logging
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from capsule_adapters.providers.aws import CAPABILITIES, NAME
from capsule_adapters.providers.aws.api import AwsApi
from capsule_adapters.providers.aws.firewall import GROUP_NAME, Firewall
from capsule_adapters.providers.aws.instances import Instances, only, split
from capsule_adapters.providers.aws.keys import delete_key, our_keys
from capsule_adapters.providers.aws.launch import Launch
from capsule_adapters.providers.aws.market import Sale
from capsule_adapters.providers.aws.places import COUNTRIES
from capsule_adapters.providers.aws.prices import Prices
from capsule_adapters.providers.aws.readings import RENTED_STATES
from capsule_adapters.providers.aws.refusals import DryRunPassed
from capsule_adapters.providers.aws.site import Surveyor
from capsule_adapters.providers.aws.tags import DEPLOYMENT_KEY, MOST_TAGS, retagged, tags_of
from capsule_adapters.rest.provider import refuse_unfit_tags
from capsule_domain.errors import (
    CredentialsRefused,
    NotFound,
    ProviderError,
    ProviderUnavailable,
)
from capsule_domain.models.deployment import TAG_PREFIX, DeploymentId
from capsule_domain.models.leftover import Leftover, LeftoverKind
from capsule_domain.models.server import Account, Capabilities, Server, ServerRequest
from capsule_domain.models.template import Offer, Region
from capsule_domain.ports.clock import Clock

_LOG = logging.getLogger("capsule.rest")
_NAME_PATTERN = "[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?"


class AwsProvider:
    """EC2 in every region that the account may use. Lists are whole when they are returned."""

    def __init__(self, api: AwsApi, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._prices = Prices(api)
        self._sale = Sale(api, self._prices)
        self._instances = Instances(api, clock)
        self._firewall = Firewall(api, self._instances, clock)
        self._launch = Launch(api, Surveyor(api, self._firewall), clock)

    @property
    def name(self) -> str:
        return NAME

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    def close(self) -> None:
        """Give the connections back."""
        self._api.close()

    def account(self) -> Account:
        """Who asks, and whether they may ask EC2 anything at all."""
        identity = self._api.call("sts", self._api.home, "get_caller_identity")
        with suppress(DryRunPassed):
            self._api.call("ec2", self._api.home, "describe_instances", DryRun=True)
        return Account(
            provider=NAME,
            identity=f"{_who(identity)}@{identity.get('Account')}",
            active=True,
            detail=f"from {self._api.home}",
        )

    def regions(self) -> list[Region]:
        titles = self._api.region_titles
        return [
            Region(
                provider=NAME,
                region=name,
                name=titles.get(name, name),
                country=COUNTRIES.get(name, ""),
            )
            for name in self._api.regions
        ]

    def offers(self) -> list[Offer]:
        return self._sale.offers(self._clock.now())

    def servers(self, *, deployment: DeploymentId | None = None) -> list[Server]:
        filters: dict[str, list[str]] = {"instance-state-name": list(RENTED_STATES)}
        if deployment is not None:
            filters[f"tag:{DEPLOYMENT_KEY}"] = [str(deployment)]
        found = self._api.side_by_side(
            self._api.regions, lambda region: self._in_region(region, filters)
        )
        servers = [server for listed in found.values() for server in listed]
        if deployment is not None:
            servers = [s for s in servers if f"{TAG_PREFIX}{deployment}" in s.tags]
        # One that was made while we read may be on two pages.
        return list({server.server_id: server for server in servers}.values())

    def server(self, server_id: str) -> Server:
        region, instance = self._instances.get(server_id)
        return instance.read(region, self._prices.of_type(region, instance.instance_type))

    def create(self, request: ServerRequest) -> Server:
        self._refuse_unfit(request)
        reservation = self._launch.run(request)
        try:
            server = only(reservation).read(request.region, None)
        except ProviderUnavailable:
            raise
        except ProviderError as error:
            # It was rented, and we cannot say which it is: the same as a lost answer.
            raise ProviderUnavailable(NAME, "rented, but the answer is not understood") from error
        self._instances.made(server.server_id)
        return server

    def start(self, server_id: str) -> None:
        self._instances.switch(server_id, "start_instances", goal="running", since=("stopped",))

    def stop(self, server_id: str) -> None:
        self._instances.switch(server_id, "stop_instances", goal="stopped", since=("running",))

    def restart(self, server_id: str, *, force: bool = False) -> None:  # noqa: ARG002
        """Reboot. What does not shut down AWS cuts off itself, after four minutes.

        There is no other way by power: to stop and start it would change its address.
        """
        self._instances.get(server_id)
        self._instances.tell(server_id, "reboot_instances")

    def set_tags(self, server_id: str, tags: Sequence[str]) -> None:
        _, instance = self._instances.get(server_id)
        found = instance.pairs
        refuse_unfit_tags(NAME, CAPABILITIES, set(tags).difference(tags_of(found)))
        wanted = retagged(found, tags)
        lost = set(tags).difference(tags_of(wanted))
        if lost:
            raise ProviderError(NAME, f"{min(lost)} and another tag would need the same key")
        if len(wanted) > MOST_TAGS:
            raise ProviderError(NAME, f"at most {MOST_TAGS - 1} tags go")
        self._instances.tag(
            server_id,
            {key: value for key, value in wanted.items() if found.get(key) != value},
            [key for key in found if key not in wanted],
        )

    def destroy(self, server_id: str) -> None:
        """End it; and after the last one in a region the security group."""
        region, _ = split(server_id)
        with suppress(NotFound):
            self._instances.tell(server_id, "terminate_instances")
        self._firewall.release(region)

    def leftovers(self) -> list[Leftover]:
        """Keys and unused security groups; volumes end with their servers."""
        found = self._api.side_by_side(self._api.regions, self._left_in)
        return [leftover for left in found.values() for leftover in left]

    def remove_leftover(self, leftover: Leftover) -> None:
        region, _, its_id = leftover.id.partition(":")
        if leftover.kind is LeftoverKind.KEY:
            delete_key(self._api, region, its_id)
        else:
            self._firewall.delete(region, its_id)

    def _left_in(self, region: str) -> list[Leftover]:
        keys = [(LeftoverKind.KEY, name, name) for name in our_keys(self._api, region)]
        groups = [(LeftoverKind.GROUP, id_, GROUP_NAME) for id_ in self._firewall.unused(region)]
        return [
            Leftover(provider=NAME, kind=kind, id=f"{region}:{id_}", name=f"{name} in {region}")
            for kind, id_, name in (*keys, *groups)
        ]

    def _in_region(self, region: str, filters: Mapping[str, list[str]]) -> list[Server]:
        try:
            listed = self._instances.listed(region, filters)
        except CredentialsRefused as error:
            if "explicit deny" not in error.message or region == self._api.home:
                raise
            # The organisation forbids the region: nobody with these keys rents there.
            _LOG.warning("aws: %s is left out: %s", region, error.message)
            return []
        return [i.read(region, self._prices.of_type(region, i.instance_type)) for i in listed]

    def _refuse_unfit(self, request: ServerRequest) -> None:
        """Refuse here what AWS would refuse, with a better sentence. Nothing is sent."""
        can = CAPABILITIES
        refuse_unfit_tags(NAME, can, request.tags)
        if len(set(request.tags)) >= MOST_TAGS:
            raise ProviderError(NAME, f"at most {MOST_TAGS - 1} tags go")
        if not re.fullmatch(_NAME_PATTERN, request.name, re.ASCII):
            raise ProviderError(NAME, f"a name must match {_NAME_PATTERN}")
        size = len(request.user_data.get_secret_value().encode())
        if size > can.user_data_max_bytes:
            raise ProviderError(
                NAME, f"user data of {size} bytes; at most {can.user_data_max_bytes} go"
            )


def _who(identity: Mapping[str, Any]) -> str:
    """`user/alice`, from `arn:aws:iam::123456789012:user/alice`."""
    arn = str(identity.get("Arn") or "")
    if not identity.get("Account") or arn.count(":") < 5:
        raise ProviderError(NAME, "the answer lacks Arn and Account")
    return arn.split(":", 5)[5]
