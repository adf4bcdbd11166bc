"""Choosing among 20,000 offers: how long ranking takes, and that it finds the cheapest.

    .venv/bin/python benchmarks/place.py [--offers 20000] [--rounds 9] [--dry-run]

As many offers as seven large clouds have together: templates in some dozens of regions, at prices
in dollars and euros. Each question is asked several times, and the quickest is told: other
programs can make it slower, and none makes it quicker. The cheapest is looked for once more in the
plainest way, to compare. Writes benchmarks/results/place.md.
"""

import argparse
import os
import platform
import random
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from capsule_domain.models.money import Money, Rates
from capsule_domain.models.operating_system import OperatingSystem
from capsule_domain.models.requirements import PriceLimit, Requirements
from capsule_domain.models.template import Arch, Gpu, Offer, Stock
from capsule_domain.services.place import rank

RESULTS = Path(__file__).parent / "results" / "place.md"
LIMIT_SECONDS = 0.05
TEMPLATES = 700
NOW = datetime(2026, 11, 23, tzinfo=UTC)
RATES = Rates(as_of=NOW, source="for this benchmark", usd_per={"EUR": Decimal("1.10")})
CLOUDS = ("aws", "digitalocean", "hivelocity", "linode", "scaleway", "vultr")

Fits = Callable[[Offer], bool]


class Question(NamedTuple):
    """What is asked, and the same in the plainest way."""

    name: str
    wanted: Requirements
    fits: Fits


QUESTIONS = (
    Question("anything", Requirements(), lambda _o: True),
    Question(
        "8 vCPU, 16 GiB",
        Requirements(min_vcpus=8, min_memory_gib=Decimal(16)),
        lambda o: o.vcpus >= 8 and o.memory_mib >= 16 * 1024,
    ),
    Question(
        "40 EUR a month at most",
        Requirements(max_price=PriceLimit.parse("40EUR/mo")),
        lambda o: RATES.in_usd(o.price_per_month) <= 44,
    ),
    Question(
        "a GPU in three regions, for xnodeos, 2 USD an hour at most",
        Requirements(
            gpu=True,
            region="Europe",
            regions=("r1", "r2", "r3"),
            os=OperatingSystem.XNODEOS,
            max_price=PriceLimit.parse("2"),
        ),
        lambda o: (
            o.gpu is not None
            and o.region in ("r1", "r2", "r3")
            and o.arch is Arch.X86_64
            and o.memory_mib >= 4096
            and RATES.in_usd(o.price_per_hour) <= 2
        ),
    ),
)


def made(number: int) -> Offer:
    """One offer; the same for the same number."""
    template = number % TEMPLATES
    chance = random.Random(template)  # noqa: S311
    vcpus = chance.choice([1, 2, 4, 8, 16, 32, 64])
    premium = 1 + Decimal(number // TEMPLATES % 4) / 20
    is_left = random.Random(number).random() >= 0.1  # noqa: S311
    hourly = Decimal(chance.randrange(50, 900)) / 10_000 * vcpus * premium
    currency = "EUR" if chance.random() < 0.25 else "USD"
    return Offer(
        provider=chance.choice(CLOUDS),
        template=f"template-{template}",
        slug=f"template-{template}",
        region=f"r{number // TEMPLATES}",
        arch=chance.choice([Arch.X86_64, Arch.X86_64, Arch.AARCH64]),
        vcpus=vcpus,
        memory_mib=vcpus * chance.choice([1024, 2048, 4096]),
        disk_gib=chance.choice([0, 25, 80, 320]),
        gpu=Gpu(model="NVIDIA L4", count=1, memory_gib=24) if chance.random() < 0.1 else None,
        price_per_hour=Money.of(hourly, currency),
        price_per_month=Money.of(hourly * 672, currency),
        stock=Stock.AVAILABLE if is_left else Stock.NONE,
        as_of=NOW,
        source="benchmark",
    )


class Took(NamedTuple):
    """The quickest of several rounds, and how many offers fitted."""

    question: Question
    seconds: float
    fitting: int


def measured(question: Question, offers: Sequence[Offer], rounds: int) -> Took:
    """Ranks several times; ends the program when the answer is not the cheapest."""
    best = float("inf")
    for _ in range(rounds):
        started = time.perf_counter()
        ranking = rank(offers, question.wanted, RATES)
        best = min(best, time.perf_counter() - started)
    fitting = [o for o in offers if o.stock is not Stock.NONE and question.fits(o)]
    cheapest = min((RATES.in_usd(o.price_per_hour) for o in fitting), default=None)
    found = [RATES.in_usd(o.price_per_hour) for o in ranking.fitting]
    if found[:1] != ([] if cheapest is None else [cheapest]) or len(found) != len(fitting):
        raise SystemExit(f"{question.name}: the answer is not the cheapest")
    return Took(question, best, len(fitting))


def written(took: Sequence[Took], offers: int, rounds: int) -> str:
    """The results as a page."""
    rows = "\n".join(
        f"| {one.question.name} | {one.fitting} | {one.seconds * 1000:.1f} |" for one in took
    )
    return (
        "# Choosing among offers\n\n"
        f"{datetime.now(UTC):%Y-%m-%d}, CPython {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors; "
        f"{offers} offers of {TEMPLATES} templates, the quickest of {rounds} rounds.\n"
        "Each answer is the same as that of a search through all of them.\n"
        "Made by `benchmarks/place.py`.\n\n"
        f"| asked | fit | milliseconds (at most {LIMIT_SECONDS * 1000:.0f}) |\n|---|---:|---:|\n"
        f"{rows}\n"
    )


def main() -> int:
    """Exit code 1 when a question takes longer than it may."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--offers", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--dry-run", action="store_true", help="print, and write nothing")
    given = parser.parse_args()
    offers = [made(number) for number in range(given.offers)]
    took = [measured(question, offers, given.rounds) for question in QUESTIONS]
    text = written(took, given.offers, given.rounds)
    print(text)
    if not given.dry_run:
        RESULTS.write_text(text)
    return int(any(one.seconds > LIMIT_SECONDS for one in took))


if __name__ == "__main__":
    sys.exit(main())
