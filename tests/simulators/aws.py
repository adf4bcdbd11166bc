"""The true AWS adapter over the rehearsal cloud."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import create_loader
from pydantic import SecretStr

from capsule_adapters.providers.aws.api import AwsApi
from capsule_adapters.providers.aws.provider import AwsProvider
from capsule_adapters.providers.aws.session import Access
from capsule_adapters.rest.patience import Patience
from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.aws import AwsSimulator, Temper
from capsule_adapters.sandbox.machines import NoMachines
from tests.fakes.clock import FakeClock
from tests.simulators.aws_model import judge

# boto3's own pauses are true seconds, so it asks once; ours are the fake clock's.
IMPATIENT = Patience(connect_seconds=20.0, read_seconds=60.0, attempts=1)
PATIENT = Patience(connect_seconds=20.0, read_seconds=60.0, attempts=2)
REGIONS = ("eu-west-1", "us-east-1")


@cache
def _descriptions() -> Any:
    return create_loader()


def plain_client(
    simulator: AwsSimulator,
    service: str = "ec2",
    region: str = "eu-west-1",
    *,
    key_id: str | None = None,
    secret: str | None = None,
) -> Any:
    """boto3's own client, which asks once. EC2's description is read once for all tests."""
    core: Any = botocore.session.Session()
    core.register_component("data_loader", _descriptions())
    session: Any = boto3.Session(
        key_id or simulator.token, secret or simulator.token, botocore_session=core
    )
    once = Config(retries={"total_max_attempts": 1}, proxies={})
    return session.client(service, region_name=region, endpoint_url=simulator.url, config=once)


@dataclass
class Rehearsal:
    """A simulator, a clock that both sides share, and the adapter that talks to it."""

    simulator: AwsSimulator
    clock: FakeClock
    provider: AwsProvider


def whole_pages() -> Temper:
    """Lists in one page: for tests that are not about lists, which are quicker so."""
    return Temper(regions=REGIONS)


def adapter(
    simulator: AwsSimulator,
    clock: FakeClock,
    *,
    patience: Patience = IMPATIENT,
    token: str | None = None,
) -> AwsProvider:
    """The true adapter; its clock is the test's."""
    key = SecretStr(token or simulator.token)
    secrets = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": key}
    return AwsProvider(AwsApi(Access.of(secrets, simulator.url), clock, patience=patience), clock)


def lose(simulator: AwsSimulator, when: str) -> None:
    """Lose the answers to the next create: `before sending`, `before acting`, `after acting`.

    Every one of them, as often as it is asked for.
    """
    if when == "before sending":
        # What comes before the renting fails.
        simulator.faults.add(faults.reset_before(), path=".*/DescribeKeyPairs")
        return
    fault = faults.reset_before() if when == "before acting" else faults.lost_answer()
    simulator.faults.add(fault, path=".*/RunInstances", times=IMPATIENT.attempts)


@contextmanager
def rehearsal(
    *, patience: Patience = IMPATIENT, judged: bool = True, temper: Temper | None = None
) -> Iterator[Rehearsal]:
    """A rehearsal with one item a page. `judged`: at its end every exchange is judged."""
    clock = FakeClock()
    simulator = AwsSimulator(
        NoMachines(), clock=clock, temper=temper or Temper(regions=REGIONS, most_per_page=1)
    )
    with simulator:
        provider = adapter(simulator, clock, patience=patience)
        try:
            yield Rehearsal(simulator, clock, provider)
        finally:
            provider.close()
    if judged:
        for exchange in simulator.exchanges:
            judge(exchange)
