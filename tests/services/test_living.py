"""Which xNodes are meant."""

import threading
import time

import pytest

from capsule_domain.errors import Conflict, NotFound, UsageError
from capsule_domain.models.server import ServerStatus
from capsule_domain.services.living import meant
from capsule_domain.services.side_by_side import few_at_once
from tests.fakes.inventory import FakeInventory
from tests.xnodes import an_xnode


def fleet() -> FakeInventory:
    return FakeInventory(
        [
            an_xnode("web-1", tags=("web", "prod")),
            an_xnode("web-2", tags=("web",)),
            an_xnode("db-1", tags=("prod",)),
            an_xnode("old", tags=("web",), status=ServerStatus.GONE),
        ]
    )


def names(**chosen: object) -> list[str]:
    return [xnode.name for xnode in meant(fleet(), **chosen)]  # type: ignore[arg-type]


def test_by_name_by_tags_or_all_of_them_by_name() -> None:
    assert names(names=["web-2", "db", "x-web-2"]) == ["db-1", "web-2"]
    assert names(tags=["web"]) == ["web-1", "web-2"]
    assert names(tags=["web", "prod"]) == ["web-1"]
    assert names(everyone=True) == ["db-1", "web-1", "web-2"]


@pytest.mark.parametrize(
    "chosen",
    [{}, {"names": ["web-1"], "everyone": True}, {"tags": ["web"], "everyone": True}],
)
def test_it_is_said_in_exactly_one_way(chosen: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="one of the three"):
        names(**chosen)


def test_what_nobody_is_called_is_not_found() -> None:
    with pytest.raises(NotFound, match="did you mean web-1"):
        names(names=["wep-1"])
    with pytest.raises(NotFound, match="no xnode with the tag named 'wep'; did you mean web"):
        names(tags=["web", "wep"])
    with pytest.raises(NotFound, match="with all of the tags named 'web,prod'"):
        meant(
            FakeInventory([an_xnode("a", tags=("web",)), an_xnode("b", tags=("prod",))]),
            tags=["web", "prod"],
        )
    with pytest.raises(Conflict, match="fits 2 xnodes"):
        names(names=["web"])
    with pytest.raises(NotFound):
        names(names=["web-"], exact=True)


def test_one_that_is_gone_is_not_meant() -> None:
    with pytest.raises(Conflict, match="old is gone"):
        names(names=["old"])


def test_nobody_lives_is_no_error_when_all_are_meant() -> None:
    assert meant(FakeInventory(), everyone=True) == []


def test_a_few_works_go_on_at_once_and_never_more() -> None:
    lock, now, most = threading.Lock(), [0], [0]

    def work(number: int) -> int:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.01)
        with lock:
            now[0] -= 1
        if number == 3:
            raise Conflict("three")
        return number

    futures = few_at_once([lambda n=n: work(n) for n in range(10)], at_once=3)  # type: ignore[misc]
    assert [f.result() for f in futures if f.exception() is None] == [0, 1, 2, *range(4, 10)]
    assert isinstance(futures[3].exception(), Conflict)
    assert most[0] == 3
