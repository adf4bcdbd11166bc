"""A burst of reads against a cloud that allows 30 a second: none lost, hardly one turned away.

    .venv/bin/python benchmarks/burst.py [--reads 2000] [--threads 8] [--dry-run]

The true Vultr adapter asks the rehearsal Vultr over real HTTP on loopback, by the machine's own
clock. Vultr is the hardest: no header tells its limit, so only the adapter's own pace keeps it.
Beside it a burst of 300 without any pace. Writes benchmarks/results/burst.md.
"""

import argparse
import os
import platform
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from pydantic import SecretStr

from capsule_adapters.clock import SystemClock
from capsule_adapters.providers.vultr import DIALECT, VultrProvider
from capsule_adapters.rest.pacing import Pacing
from capsule_adapters.rest.patience import Patience
from capsule_adapters.rest.transport import JsonApi
from capsule_adapters.sandbox.machines import NoMachines
from capsule_adapters.sandbox.vultr import VultrSimulator
from capsule_domain.errors import CapsuleError

RESULTS = Path(__file__).parent / "results" / "burst.md"
ALLOWED_A_SECOND = 30
UNPACED_READS = 300


class Burst(NamedTuple):
    """How a burst went. `lost`: reads that ended in an error; `refused`: answers of 429."""

    name: str
    reads: int
    answered: int
    lost: int
    refused: int
    seconds: float

    @property
    def a_second(self) -> float:
        """Reads that succeeded, by the second."""
        return (self.reads - self.lost) / self.seconds


def burst(name: str, reads: int, threads: int, *, pacing: Pacing, patience: Patience) -> Burst:
    """So many reads at once, as quickly as the adapter lets them go."""
    clock = SystemClock()
    with VultrSimulator(NoMachines(), requests_per_second=ALLOWED_A_SECOND) as cloud:
        api = JsonApi(
            DIALECT.name,
            cloud.endpoint,
            auth_headers=DIALECT.auth_headers(SecretStr(cloud.token)),
            clock=clock,
            pacing=pacing,
            refusals=DIALECT.refusals,
            patience=patience,
        )
        provider = VultrProvider(DIALECT, api, clock)

        def is_lost(_number: int) -> bool:
            try:
                provider.account()
            except CapsuleError:
                return True
            return False

        started = time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            lost = sum(pool.map(is_lost, range(reads)))
        seconds = time.perf_counter() - started
        provider.close()
        statuses = Counter(exchange.status for exchange in cloud.exchanges)
    return Burst(name, reads, statuses.total(), lost, statuses[429], seconds)


def row(result: Burst) -> str:
    """One line of the table."""
    refused = 100 * result.refused / result.answered
    of_allowed = 100 * result.a_second / ALLOWED_A_SECOND
    return (
        f"| {result.name} | {result.reads} | {result.lost} | {result.refused} ({refused:.1f} %) "
        f"| {result.seconds:.1f} | {result.a_second:.2f} | {of_allowed:.1f} % |"
    )


def report(results: list[Burst], threads: int, *, when: datetime) -> str:
    """The page that is committed."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    lines = [
        "# A burst of reads",
        "",
        f"{when:%Y-%m-%d}, {python}, {system}; {threads} threads, one account, a cloud that allows",
        f"{ALLOWED_A_SECOND} requests in any second and says so in no header.",
        "Without a pace each read is asked for once, to show that the limit is there.",
        "Made by `benchmarks/burst.py`.",
        "",
        "| | reads | lost | answers of 429 | seconds | reads a second | of the allowed rate |",
        "|---|---:|---:|---:|---:|---:|---:|",
        *(row(result) for result in results),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print, and keep the result unless this is a dry run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--reads", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--dry-run", action="store_true", help="print only")
    chosen = parser.parse_args()
    if chosen.reads < 10 * ALLOWED_A_SECOND:
        parser.error("fewer reads than ten seconds' worth say nothing")
    paced = burst("paced", chosen.reads, chosen.threads, pacing=DIALECT.pacing, patience=Patience())
    unpaced = burst(
        "without a pace",
        UNPACED_READS,
        chosen.threads,
        pacing=Pacing(),
        patience=Patience(attempts=1),
    )
    text = report([paced, unpaced], chosen.threads, when=datetime.now(UTC))
    sys.stdout.write(text)
    if not chosen.dry_run:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
