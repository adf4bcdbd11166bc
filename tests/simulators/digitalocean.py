"""The true DigitalOcean adapter over the rehearsal cloud."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from capsule_adapters.providers.digitalocean import DIALECT
from capsule_adapters.rest.dialect import Dialect
from capsule_adapters.rest.pacing import Pacing
from capsule_adapters.rest.patience import Patience
from capsule_adapters.rest.provider import RestProvider
from capsule_adapters.rest.transport import JsonApi
from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.digitalocean import DigitalOceanSimulator, Temper
from capsule_adapters.sandbox.machines import NoMachines
from tests.fakes.clock import FakeClock
from tests.simulators.openapi import oracle

IMPATIENT = Patience(connect_seconds=20.0, read_seconds=60.0, attempts=3)


@dataclass
class Rehearsal:
    """A simulator, a clock that both sides share, and the adapter that talks to it."""

    simulator: DigitalOceanSimulator
    clock: FakeClock
    provider: RestProvider


def adapter(
    simulator: DigitalOceanSimulator,
    clock: FakeClock,
    *,
    patience: Patience = IMPATIENT,
    pacing: Pacing | None = None,
    token: str | None = None,
    dialect: Dialect = DIALECT,
) -> RestProvider:
    """The true adapter; its clock is the test's, and its retries never need luck."""
    api = JsonApi(
        dialect.name,
        simulator.url,
        auth_headers=dialect.auth_headers(SecretStr(token or simulator.token)),
        clock=clock,
        pacing=dialect.pacing if pacing is None else pacing,
        refusals=dialect.refusals,
        patience=patience,
        randomness=lambda: 0.5,
    )
    return RestProvider(dialect, api, clock)


def lose(simulator: DigitalOceanSimulator, when: str) -> None:
    """Lose the answer to the next create: `before sending`, `before acting`, `after acting`."""
    if when == "before sending":
        # What comes before the renting fails, as often as it is tried.
        fault = faults.reset_before()
        simulator.faults.add(fault, path="/v2/account/keys", times=IMPATIENT.attempts)
        return
    fault = faults.reset_before() if when == "before acting" else faults.lost_answer()
    simulator.faults.add(fault, method="POST", path="/v2/droplets")


@contextmanager
def rehearsal(
    *, patience: Patience = IMPATIENT, judged: bool = True, temper: Temper | None = None
) -> Iterator[Rehearsal]:
    """A rehearsal with one item a page. `judged`: at its end every exchange is judged."""
    clock = FakeClock()
    judge = oracle("digitalocean") if judged else None
    simulator = DigitalOceanSimulator(
        NoMachines(), clock=clock, temper=temper or Temper(most_per_page=1)
    )
    with simulator:
        provider = adapter(simulator, clock, patience=patience)
        try:
            yield Rehearsal(simulator, clock, provider)
        finally:
            provider.close()
    if judge is not None:
        for exchange in simulator.exchanges:
            judge.judge(exchange)
