"""What every keeper of price lists does: the fake, and files of JSON."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from capsule_adapters.store.price_lists import JsonPriceLists
from capsule_domain.errors import StoreError
from capsule_domain.models.price_list import PriceList
from capsule_domain.models.template import Gpu
from capsule_domain.ports.price_lists import PriceLists
from tests.fakes.offers import offer
from tests.fakes.price_lists import FakePriceLists

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass
class Drawer:
    """Price lists, and a way to damage one."""

    lists: PriceLists
    damage: Callable[[str], object]


def _fake(_folder: Path) -> Drawer:
    lists = FakePriceLists()
    return Drawer(lists, lists.damaged.add)


def _json(folder: Path) -> Drawer:
    lists = JsonPriceLists(folder / "catalogue")
    return Drawer(lists, lambda cloud: (folder / "catalogue" / f"{cloud}.json").write_text("{"))


@pytest.fixture(params=[_fake, _json])
def drawer(request: pytest.FixtureRequest, tmp_path: Path) -> Drawer:
    made: Drawer = request.param(tmp_path)
    return made


def prices(provider: str = "one", *, later_s: float = 0) -> PriceList:
    dear = offer("big", "west", "12.5", "9000", provider=provider)
    dear = dear.model_copy(update={"gpu": Gpu(model="H100", count=8, memory_gib=80)})
    return PriceList(
        provider=provider,
        asked_at=NOON + timedelta(seconds=later_s),
        offers=(offer("small", "east", "0.00744", "5", provider=provider), dear),
    )


def test_what_was_never_kept_is_none(drawer: Drawer) -> None:
    assert drawer.lists.kept("one") is None


def test_a_list_comes_back_whole_and_by_its_cloud(drawer: Drawer) -> None:
    drawer.lists.keep(prices("one"))
    drawer.lists.keep(prices("two"))
    assert drawer.lists.kept("one") == prices("one")
    assert drawer.lists.kept("two") == prices("two")


def test_the_newer_one_takes_the_place_of_the_older(drawer: Drawer) -> None:
    drawer.lists.keep(prices())
    drawer.lists.keep(prices(later_s=60))
    assert drawer.lists.kept("one") == prices(later_s=60)


def test_a_damaged_one_is_told_and_written_anew(drawer: Drawer) -> None:
    drawer.lists.keep(prices())
    drawer.damage("one")
    with pytest.raises(StoreError, match=r"one\.json is no price list of ours"):
        drawer.lists.kept("one")
    drawer.lists.keep(prices(later_s=60))
    assert drawer.lists.kept("one") == prices(later_s=60)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"provider": "one"}',
        prices("two").model_dump_json().encode(),
        prices().model_copy(update={"version": 2}).model_dump_json().encode(),
        prices().model_dump_json().encode()[:-20],
        prices().model_copy(update={"offers": prices("two").offers}).model_dump_json().encode(),
    ],
)
def test_a_file_that_is_not_whole_or_another_clouds_is_damaged(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "one.json").write_bytes(text)
    with pytest.raises(StoreError, match="no price list of ours"):
        JsonPriceLists(tmp_path).kept("one")


def test_the_folder_and_the_file_are_the_persons_alone(tmp_path: Path) -> None:
    JsonPriceLists(tmp_path / "catalogue").keep(prices())
    assert (tmp_path / "catalogue").stat().st_mode & 0o077 == 0
    assert (tmp_path / "catalogue" / "one.json").stat().st_mode & 0o077 == 0
    assert [f.name for f in (tmp_path / "catalogue").iterdir()] == ["one.json"]


def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "one.json")
    with pytest.raises(StoreError, match="not a file"):
        JsonPriceLists(tmp_path).kept("one")
