"""The security group that lets SSH in: AWS's default one lets nobody in."""

import logging
from collections.abc import Sequence

from capsule_adapters.providers.aws import NAME
from capsule_adapters.providers.aws.api import AwsApi
from capsule_adapters.providers.aws.instances import Instances
from capsule_adapters.providers.aws.readings import RENTED_STATES, Instance, SecurityGroup
from capsule_adapters.providers.aws.refusals import AwsRefusal
from capsule_adapters.providers.aws.tags import DEPLOYMENT_KEY
from capsule_adapters.rest.wire import understood
from capsule_domain.errors import CapsuleError, ProviderError, ProviderUnavailable
from capsule_domain.ports.clock import Clock

_LOG = logging.getLogger("capsule.rest")
GROUP_NAME = "capsule-ssh"
GROUP_TAG = "ssh"
_SSH_PORT = 22
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 10.0
_PAUSE_GROWTH = 1.5
_RELEASE_SECONDS = 120.0


class Firewall:
    """One group in each region, for all of our servers there; gone with the last of them."""

    def __init__(self, api: AwsApi, instances: Instances, clock: Clock) -> None:
        self._api = api
        self._instances = instances
        self._clock = clock

    def ensure(self, region: str, vpc_id: str) -> str:
        """The id of the group with port 22 open, found by name and tag or made. Safe to repeat.

        Raises ProviderError when the name is taken by a group that is not ours.
        """
        named = [group for group in self._named(region) if group.vpc_id == vpc_id]
        ours = [group for group in named if _is_ours(group)]
        if named and not ours:
            raise ProviderError(
                NAME,
                f"the security group {GROUP_NAME} in {region} is not Capsule's",
                hint=f"rename it: {named[0].group_id}",
            )
        group_id = ours[0].group_id if ours else self._make(region, vpc_id)
        if not ours or not ours[0].opens_ssh:
            self._open(region, group_id)
        return group_id

    def release(self, region: str) -> None:
        """Delete the group if no server uses it any more; waits for the last one to end.

        Never fails: what is left costs nothing, and goes with the next server.
        """
        try:
            for group in filter(_is_ours, self._named(region)):
                if not self._users(region, group.group_id, RENTED_STATES):
                    self._delete(region, group.group_id)
        except CapsuleError as error:
            _LOG.warning("the security group %s stays in %s: %s", GROUP_NAME, region, error.message)

    def unused(self, region: str) -> list[str]:
        """The ids of our groups that no server uses."""
        in_use = (*RENTED_STATES, "shutting-down")
        ours = [group.group_id for group in self._named(region) if _is_ours(group)]
        return [group for group in ours if not self._users(region, group, in_use)]

    def delete(self, region: str, group_id: str) -> None:
        """Delete one of ours that no server uses. One that is gone already is a success."""
        if group_id in {group.group_id for group in self._named(region) if _is_ours(group)}:
            self._delete(region, group_id)

    def _delete(self, region: str, group_id: str) -> None:
        until = self._clock.monotonic() + _RELEASE_SECONDS
        pause_seconds = _FIRST_PAUSE_SECONDS
        while True:
            try:
                # A group is in use until the last server has ended, which takes a minute.
                if not self._users(region, group_id, ("shutting-down",)):
                    self._api.call("ec2", region, "delete_security_group", GroupId=group_id)
                    return
            except AwsRefusal as error:
                if error.code == "InvalidGroup.NotFound":
                    return
                if error.code != "DependencyViolation":
                    raise
                if self._users(region, group_id, RENTED_STATES):
                    return  # a new server was quicker than we
            if self._clock.monotonic() >= until:
                raise ProviderUnavailable(NAME, f"in use after {_RELEASE_SECONDS:.0f} s")
            self._clock.sleep(pause_seconds)
            pause_seconds = min(pause_seconds * _PAUSE_GROWTH, _LONGEST_PAUSE_SECONDS)

    def _users(self, region: str, group_id: str, states: Sequence[str]) -> list[Instance]:
        wanted = {"instance.group-id": [group_id], "instance-state-name": states}
        return self._instances.listed(region, wanted)

    def _named(self, region: str) -> list[SecurityGroup]:
        found = self._api.pages(
            "ec2",
            region,
            "describe_security_groups",
            "SecurityGroups",
            Filters=[{"Name": "group-name", "Values": [GROUP_NAME]}],
        )
        with understood(NAME, "SecurityGroups"):
            return [SecurityGroup.model_validate(raw) for raw in found]

    def _make(self, region: str, vpc_id: str) -> str:
        answer = self._api.call(
            "ec2",
            region,
            "create_security_group",
            GroupName=GROUP_NAME,
            Description="SSH to the servers that Capsule rents",
            VpcId=vpc_id,
            TagSpecifications=[
                {
                    "ResourceType": "security-group",
                    "Tags": [{"Key": DEPLOYMENT_KEY, "Value": GROUP_TAG}],
                }
            ],
        )
        with understood(NAME, "CreateSecurityGroup"):
            return SecurityGroup.model_validate(answer).group_id

    def _open(self, region: str, group_id: str) -> None:
        rule = {
            "IpProtocol": "tcp",
            "FromPort": _SSH_PORT,
            "ToPort": _SSH_PORT,
            "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "SSH"}],
            "Ipv6Ranges": [{"CidrIpv6": "::/0", "Description": "SSH"}],
        }
        try:
            self._api.call(
                "ec2",
                region,
                "authorize_security_group_ingress",
                GroupId=group_id,
                IpPermissions=[rule],
            )
        except AwsRefusal as error:
            if error.code != "InvalidPermission.Duplicate":
                raise


def _is_ours(group: SecurityGroup) -> bool:
    """Another's group of our name is neither used nor deleted."""
    return group.has(DEPLOYMENT_KEY, GROUP_TAG)
