"""Servers that are there: read, switched, ended; with patience for ids that AWS just gave."""

import re
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any, TypeVar

from capsule_adapters.providers.aws import NAME, tags
from capsule_adapters.providers.aws.api import AwsApi, is_region
from capsule_adapters.providers.aws.readings import Instance
from capsule_adapters.providers.aws.refusals import AwsRefusal
from capsule_adapters.rest.refusals import Subject
from capsule_adapters.rest.wire import understood
from capsule_domain.errors import NotFound, ProviderError, ProviderUnavailable
from capsule_domain.ports.clock import Clock

_GONE = ("shutting-down", "terminated")
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 5.0
_PAUSE_GROWTH = 1.5
_SWITCH_SECONDS = 300.0
_UNKNOWN_AT_FIRST_SECONDS = 30.0
_PAGE = {"PageSize": 1000}
"""API description, DescribeInstances: 5 to 1000."""

T = TypeVar("T")


class Instances:
    """The servers of one account. A server's id is `region:id`."""

    def __init__(self, api: AwsApi, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._made_at: dict[str, float] = {}
        self._lock = Lock()

    def made(self, server_id: str) -> None:
        """We have this id from AWS: for a while NotFound only means that not all of it knows."""
        with self._lock:
            self._made_at[server_id] = self._clock.monotonic()

    def listed(self, region: str, filters: Mapping[str, Sequence[str]]) -> list[Instance]:
        """Those of a region that match."""
        reservations = self._api.pages(
            "ec2",
            region,
            "describe_instances",
            "Reservations",
            Filters=[{"Name": name, "Values": list(values)} for name, values in filters.items()],
            PaginationConfig=_PAGE,
        )
        return [instance for r in reservations for instance in _of(self._api, r)]

    def get(self, server_id: str) -> tuple[str, Instance]:
        """Its region, and the server. Raises NotFound when it is gone or was never there."""
        region, instance_id = split(server_id)

        def ask() -> Instance:
            answer = self._api.call(
                "ec2",
                region,
                "describe_instances",
                subject=Subject("server", server_id),
                InstanceIds=[instance_id],
            )
            reservations = self._api.listed(answer, "Reservations")
            found = [instance for r in reservations for instance in _of(self._api, r)]
            if not found:
                raise NotFound(f"{NAME} server", server_id)
            return found[0]

        instance = self._known(server_id, ask)
        if instance.state in _GONE:
            raise NotFound(f"{NAME} server", server_id)
        return region, instance

    def switch(self, server_id: str, operation: str, *, goal: str, since: Sequence[str]) -> None:
        """Do `start_instances` or `stop_instances` to a server in one of the states `since`,
        and return when it is in the state `goal`.

        What AWS is at already is waited for first. Raises ProviderUnavailable when it does
        not come to an end.
        """
        until = self._clock.monotonic() + _SWITCH_SECONDS
        pause_seconds = _FIRST_PAUSE_SECONDS
        asked = False
        while True:
            state = self.get(server_id)[1].state
            if state == goal:
                return
            if state in since and not asked:
                asked = self._accepted(server_id, operation)
            if self._clock.monotonic() >= until:
                raise ProviderUnavailable(
                    NAME, f"{server_id} is {state}, not {goal}, after {_SWITCH_SECONDS:.0f} s"
                )
            self._clock.sleep(pause_seconds)
            pause_seconds = min(pause_seconds * _PAUSE_GROWTH, _LONGEST_PAUSE_SECONDS)

    def tell(self, server_id: str, operation: str) -> None:
        """Do `reboot_instances` or `terminate_instances`. Raises NotFound."""
        self._do(server_id, operation, InstanceIds=[split(server_id)[1]])

    def tag(self, server_id: str, added: Mapping[str, str], removed: Sequence[str]) -> None:
        """Add or change tags, then take others away. Raises NotFound."""
        resources = [split(server_id)[1]]
        if added:
            self._do(server_id, "create_tags", Resources=resources, Tags=tags.as_pairs(added))
        if removed:
            keys = [{"Key": key} for key in removed]
            self._do(server_id, "delete_tags", Resources=resources, Tags=keys)

    def _do(self, server_id: str, operation: str, **parameters: Any) -> None:
        region, subject = split(server_id)[0], Subject("server", server_id)
        self._known(
            server_id,
            lambda: self._api.call("ec2", region, operation, subject=subject, **parameters),
        )

    def _accepted(self, server_id: str, operation: str) -> bool:
        """Whether AWS began; not when the state changed while we looked."""
        try:
            self.tell(server_id, operation)
        except AwsRefusal as error:
            if error.code != "IncorrectInstanceState":
                raise
            return False
        return True

    def _known(self, server_id: str, ask: Callable[[], T]) -> T:
        """`ask`, again and again while the id is so young that AWS may not know it yet."""
        pause_seconds = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return ask()
            except NotFound:
                with self._lock:
                    made_at = self._made_at.get(server_id)
                if made_at is None:
                    raise
                if self._clock.monotonic() - made_at >= _UNKNOWN_AT_FIRST_SECONDS:
                    raise
            self._clock.sleep(pause_seconds)
            pause_seconds = min(pause_seconds * _PAUSE_GROWTH, _LONGEST_PAUSE_SECONDS)


def split(server_id: str) -> tuple[str, str]:
    """The region and AWS's id. Raises NotFound for what cannot be an id."""
    region, _, instance_id = server_id.partition(":")
    if not is_region(region) or not re.fullmatch(r"i-[0-9a-f]{8,17}", instance_id, re.ASCII):
        raise NotFound(
            f"{NAME} server", server_id, hint="an id there is like us-east-1:i-0123456789abcdef0"
        )
    return region, instance_id


def only(reservation: Mapping[str, Any]) -> Instance:
    """The one server that was asked for. Raises ProviderError when it is not there."""
    with understood(NAME, "Instances"):
        found = [Instance.model_validate(raw) for raw in reservation.get("Instances") or ()]
    if len(found) != 1:
        raise ProviderError(NAME, "the answer lacks Instances")
    return found[0]


def _of(api: AwsApi, reservation: Mapping[str, Any]) -> list[Instance]:
    with understood(NAME, "Reservations.Instances"):
        return [Instance.model_validate(raw) for raw in api.listed(reservation, "Instances")]
