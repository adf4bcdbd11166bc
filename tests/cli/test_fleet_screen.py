"""The screen of the fleet: its lines, its filters and orders, and its keys."""

from datetime import timedelta
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_cli import fleet_screen
from capsule_cli.fleet_choice import Choice, Order, Which
from capsule_cli.fleet_screen import Shown
from capsule_domain.models.alert import AlertSeverity
from capsule_domain.models.guess import Guess
from capsule_domain.models.health import Fault
from capsule_domain.services.fleet_view import FleetView
from tests.fakes.probes import DOWN, Scene
from tests.services.test_overview import Fleet
from tests.xnodes import an_xnode


def a_fleet(size: int = 6) -> Fleet:
    """n000 is down, n001 shows another key, n002 is full, the rest is well."""
    fleet = Fleet(*(f"n{number:03}" for number in range(size)))
    fleet.probes.play("x-n000", DOWN)
    fleet.probes.play("x-n001", Scene(ssh_fault=Fault.HOST_KEY))
    fleet.probes.play("x-n002", Scene(figures={"cpu_percent": 99.0, "memory_percent": None}))
    fleet.look()
    fleet.fires("n002", AlertSeverity.CRITICAL)
    return fleet


@cache
def a_thousand() -> FleetView:
    """Put together once: it takes a while over fakes."""
    return a_fleet(1000).overview.view()


def shown(view: FleetView, choice: Choice | None = None, **changes: object) -> Shown:
    choice = choice or Choice()
    fields = {
        "view": view,
        "rows": choice.rows(view.xnodes),
        "choice": choice,
        "past": None,
        "who": "no collector runs: this screen looks every 60 s, tells nobody",
        "foot": "",
    }
    return Shown(**{**fields, **changes})  # type: ignore[arg-type]


def text_of(one: Shown, width: int = 79, height: int = 24) -> list[str]:
    lines = fleet_screen.lines(one, one.view.at, width=width, height=height)
    return [line.plain for line in lines]


def names(lines: list[str]) -> list[str]:
    return [line[3:].split()[0] for line in lines if line[:1] in "▸ " and line[2:4] == " n"]


def test_the_worst_are_on_top_with_what_is_wrong_at_80_by_24() -> None:
    lines = text_of(shown(a_fleet().overview.view()))
    assert len(lines) == 24
    assert names(lines) == ["n001", "n000", "n002", "n003", "n004", "n005"]
    assert lines[1] == "6 watched   ! 1 untrusted   ✗ 1 unhealthy   ● 4 healthy"
    assert lines[2].startswith("1 alert fires   no collector runs")
    detail = "\n".join(lines)
    assert "! n001  untrusted, just now" in detail
    assert "wrong    ssh: host-key" in detail
    assert "CPU            ?" in detail
    assert "q leave" in lines[-2]
    assert lines[-1].startswith("1 of 6, all, by worst")


def test_a_guess_is_marked_and_takes_the_place_of_the_flow() -> None:
    view = a_fleet().overview.view()
    choice = Choice()
    choice.move(choice.rows(view.xnodes), 3)
    assert any(line.startswith("flow ") for line in text_of(shown(view, choice)))
    words = "a guess: / is full in about 15 h"
    guess = Guess(rule="disk-outlook", severity=AlertSeverity.WARNING, value=15, message=words)
    lines = text_of(shown(view, choice, guesses=(guess,)))
    assert "a guess  / is full in about 15 h" in lines
    assert not any(line.startswith("flow ") for line in lines)


@pytest.mark.parametrize(
    ("width", "height"),
    [(79, 24), (131, 43), (49, 14), (30, 8), (20, 4), (5, 2), (1, 1), (300, 90)],
)
def test_it_fits_every_window(width: int, height: int) -> None:
    view = a_thousand()
    lines = fleet_screen.lines(shown(view), view.at, width=width, height=height)
    assert len(lines) <= height
    assert all(line.cell_len <= width for line in lines)
    if height > 4 and width > 20:
        assert "leave" in "\n".join(line.plain for line in lines)


def test_a_thousand_are_paged_and_each_is_on_exactly_one_page() -> None:
    view = a_thousand()
    choice = Choice(order=Order.NAME)
    rows = choice.rows(view.xnodes)
    seen: list[str] = []
    while True:
        one = shown(view, choice)
        page = names(text_of(one))
        seen += page
        height = fleet_screen.page_height(one, view.at, width=79, height=24)
        before = choice.place(rows)
        choice.move(rows, height)
        if choice.place(rows) // height == before // height:
            break
    assert seen == [f"n{number:03}" for number in range(1000)]


def test_filters_and_orders() -> None:
    view = a_fleet().overview.view()

    def of(**changes: object) -> list[str]:
        choice = Choice(**changes)  # type: ignore[arg-type]
        return [row.xnode for row in choice.rows(view.xnodes)]

    assert of(which=Which.TROUBLED) == ["n001", "n000", "n002"]
    assert of(which=Which.ALERTING) == ["n002"]
    assert of(which=Which.UNKNOWN) == []
    assert of(words="VULTR 00 4") == ["n004"]
    assert of(words="untrusted") == ["n001"]
    assert of(order=Order.CPU)[0] == "n002"
    assert of(order=Order.MEMORY)[-1] in ("n000", "n001", "n002"), "what was not read stands last"
    assert of(order=Order.NAME) == sorted(row.xnode for row in view.xnodes)


def test_the_chosen_one_stays_chosen_in_another_order() -> None:
    view = a_fleet().overview.view()
    choice = Choice()
    choice.move(choice.rows(view.xnodes), 3)
    assert choice.chosen == "x-n003"
    choice.next_order()
    rows = choice.rows(view.xnodes)
    assert rows[choice.place(rows)].xnode == "n003"


def test_what_is_stale_says_unknown_and_how_it_was() -> None:
    fleet = a_fleet()
    fleet.clock.advance(3600)
    lines = text_of(shown(fleet.overview.view()))
    assert "? 6 unknown" in lines[1]
    assert any("wrong    healthy when last seen, 1 h ago" in line for line in lines)
    rows = [line for line in lines if line[2:4] == " n"]
    assert all("%" not in row for row in rows), "figures of an hour ago are none of now"


def test_an_empty_fleet_says_what_to_do_and_a_filter_that_nothing_fits_too() -> None:
    assert any(
        "capsule openmesh deploy" in line for line in text_of(shown(Fleet().overview.view()))
    )
    view = a_fleet().overview.view()
    assert any("nothing fits" in line for line in text_of(shown(view, Choice(words="zzz"))))


def test_words_are_typed_kept_and_dropped() -> None:
    choice = Choice(typing=True)
    for key in ("d", "b", "backspace", "c", "up", ""):
        choice.typed(key)
    assert (choice.words, choice.typing) == ("dc", True)
    choice.typed("enter")
    assert (choice.words, choice.typing) == ("dc", False)
    choice.typing = True
    choice.typed("escape")
    assert (choice.words, choice.typing) == ("", False)


@given(
    st.text(min_size=1, max_size=40),
    st.text(max_size=80),
    st.integers(1, 140),
    st.integers(1, 50),
)
def test_no_name_and_no_word_breaks_the_frame(
    name: str, typed: str, width: int, height: int
) -> None:
    fleet = Fleet()
    fleet.inventory.add(an_xnode("x").model_copy(update={"name": name, "tags": (typed,)}))
    fleet.look()
    view = fleet.overview.view()
    lines = fleet_screen.lines(
        shown(view, Choice(words=typed, typing=True)),
        view.at + timedelta(seconds=3),
        width=width,
        height=height,
    )
    assert len(lines) <= height
    for line in lines:
        assert line.cell_len <= width
        assert all(c.isprintable() for c in line.plain)
