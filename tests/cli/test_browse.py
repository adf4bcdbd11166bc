"""Browsing: a list where nobody answers, and a way to rent where somebody does."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from capsule_cli.wiring import Wiring
from capsule_domain.models.template import Region, Template
from tests.cli.running import Ran, capsule
from tests.cli.test_openmesh import Desk
from tests.fakes.offers import offer


class Shelf:
    """What the fake cloud sells, as a catalogue."""

    def providers(self) -> Sequence[str]:
        return ["fakecloud"]

    def templates(self) -> Sequence[Template]:
        sold = [offer("small", "west", "0.01"), offer("large", "west", "0.08")]
        return [
            Template(**one.model_dump(exclude={"region", "regions"}), regions=(one.region,))
            for one in sold
        ]

    def regions(self) -> Sequence[Region]:
        return [Region(provider="fakecloud", region="west", name="West")]


class Person:
    """Gives its answers one after the other."""

    def __init__(self, desk: Desk, *answers: str) -> None:
        self.desk = desk
        self.answers: Iterator[str] = iter(answers)
        self.questions: list[str] = []

    def wiring(self) -> Wiring:
        return replace(self.desk.wiring(), catalogue=Shelf)

    def answer(self, question: str) -> str:
        self.questions.append(question)
        return next(self.answers)

    def browses(self, *words: str) -> Ran:
        return capsule(
            "openmesh", "xnode", "browse", *words, wiring=self.wiring(), answer=self.answer
        )


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_pipe_gets_the_list_and_is_asked_nothing(desk: Desk) -> None:
    wiring = replace(desk.wiring(), catalogue=Shelf)
    piped = capsule("openmesh", "xnode", "browse", wiring=wiring)
    assert piped.code == 0
    assert [line.split()[1] for line in piped.stdout.splitlines()[1:3]] == ["small", "large"]
    rows = capsule("openmesh", "xnode", "browse", "--max-price", "0.05", "--json", wiring=wiring)
    assert [row["template"] for row in rows.data] == ["small"]


def test_one_is_picked_by_a_part_of_its_name_and_rented(desk: Desk) -> None:
    person = Person(desk, "l", "nonsense", "larg", "big-1", "y")
    done = person.browses()
    assert done.code == 0, done.stderr
    assert [question[:12] for question in person.questions[:4]] == [
        *["Which one? I"] * 3,
        "What will yo",
    ]
    assert "no template here has 'nonsense' in its name" in done.stderr
    [request] = desk.street.cloud.created
    assert (request.name, request.slug) == ("big-1", "large")


def test_nothing_typed_rents_nothing(desk: Desk) -> None:
    assert Person(desk, "").browses().code == 130
    assert Person(desk, "small", "Not A Name!").browses().code == 2
    assert Person(desk, "small", "web-1", "n").browses().code == 130
    assert desk.street.cloud.attempts == []


def test_a_dry_run_shows_the_plan(desk: Desk) -> None:
    done = Person(desk, "small", "web-1").browses("--dry-run")
    assert done.code == 0
    assert "▸ chosen" in done.stdout
    assert desk.street.cloud.attempts == []


def test_nothing_that_fits_is_told(desk: Desk) -> None:
    done = Person(desk).browses("--min-cpu", "500")
    assert (done.code, done.stdout) == (0, "none of 2 fits\n")
