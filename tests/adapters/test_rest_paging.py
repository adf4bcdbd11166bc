"""Lists in pages: whole, or an error; never quietly short."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_adapters.rest.answer import Answer
from capsule_adapters.rest.paging import (
    Cursor,
    ItemCount,
    NextLink,
    PageNumber,
    Paging,
    Query,
    collect,
)
from capsule_domain.errors import ProviderError, ProviderUnavailable

LINK = NextLink(
    link=("links", "pages", "next"),
    take=("page", "per_page"),
    size=200,
    total_at=("meta", "total"),
)
NUMBER = PageNumber(pages=("pages",), size=100, size_name="page_size", total_at=("results",))
CURSOR = Cursor(next_at=("meta", "links", "next"), size=500, total_at=("meta", "total"))


def _answer(body: Any) -> Answer:
    return Answer(200, {}, body, "r-1")


def _linked(count: int, per_page: int, asked: list[Query]) -> Callable[[Query], Answer]:
    def ask(query: Query) -> Answer:
        asked.append(query)
        page = int(query.get("page", 1))
        shown = list(range(count))[(page - 1) * per_page : page * per_page]
        last = page * per_page >= count
        host = "https://somewhere.example/v9/elsewhere"
        pages = {} if last else {"next": f"{host}?page={page + 1}&per_page={per_page}&evil=1"}
        return _answer({"things": shown, "links": {"pages": pages}, "meta": {"total": count}})

    return ask


def _numbered(count: int, per_page: int) -> Callable[[Query], Answer]:
    def ask(query: Query) -> Answer:
        page = int(query["page"])
        shown = list(range(count))[(page - 1) * per_page : page * per_page]
        pages = max(1, -(-count // per_page))
        return _answer({"things": shown, "page": page, "pages": pages, "results": count})

    return ask


def _with_cursor(count: int, per_page: int) -> Callable[[Query], Answer]:
    def ask(query: Query) -> Answer:
        start = int(query.get("cursor", "at 0").removeprefix("at "))
        end = start + per_page
        links = {"next": f"at {end}" if end < count else "", "prev": ""}
        meta = {"total": count, "links": links}
        return _answer({"things": list(range(count))[start:end], "meta": meta})

    return ask


def _collect(
    ask: Callable[[Query], Answer], paging: Paging, query: Mapping[str, str] | None = None
) -> list[Any]:
    return collect("testcloud", ask, paging, items="things", query=query or {})


@given(st.integers(0, 60), st.integers(1, 20))
def test_next_links_lead_to_everything_once(count: int, per_page: int) -> None:
    assert _collect(_linked(count, per_page, []), LINK) == list(range(count))


@given(st.integers(0, 60), st.integers(1, 20))
def test_page_numbers_lead_to_everything_once(count: int, per_page: int) -> None:
    assert _collect(_numbered(count, per_page), NUMBER) == list(range(count))


@given(st.integers(0, 60), st.integers(1, 20))
def test_cursors_lead_to_everything_once(count: int, per_page: int) -> None:
    assert _collect(_with_cursor(count, per_page), CURSOR) == list(range(count))


@given(st.integers(0, 60), st.integers(1, 20))
def test_a_count_of_items_leads_to_everything_once(count: int, per_page: int) -> None:
    def ask(query: Query) -> Answer:
        end = int(query["page"]) * int(query["per_page"])
        shown = list(range(count))[end - int(query["per_page"]) : end]
        return Answer(200, {"x-total-count": str(count)}, {"things": shown}, None)

    paging = ItemCount(per_page, header="x-total-count")
    assert _collect(ask, paging) == list(range(count))


@pytest.mark.parametrize("told", ["", "-1", "x", "٣", "9" * 30])
def test_a_count_that_is_none_ends_the_list(told: str) -> None:
    answer = Answer(200, {"x-total-count": told}, {"things": [1]}, None)
    assert _collect(lambda _: answer, ItemCount(1, header="x-total-count")) == [1]


def test_a_map_comes_as_its_pairs_where_it_is_expected_and_nowhere_else() -> None:
    paging = ItemCount(2, total_at=("total",))

    def read(body: Any) -> list[Any]:
        return collect(
            "cloud", lambda _: _answer(body), paging, items="things", query={}, keyed=True
        )

    assert read({"things": {"a": 1, "b": 2}, "total": 2}) == [("a", 1), ("b", 2)]
    assert read({"things": {}, "total": 0}) == []
    for junk in ({"things": [1]}, {"things": None}, {}):
        with pytest.raises(ProviderError, match="lacks the list things"):
            read(junk)
    with pytest.raises(ProviderUnavailable, match="ended after 1 of 2"):
        read({"things": {"a": 1}, "total": 2})


def test_a_cursor_is_passed_on_as_it_came_with_what_was_asked() -> None:
    asked: list[Query] = []

    def ask(query: Query) -> Answer:
        asked.append(query)
        following = "" if "cursor" in query else "https://x.example/?page=2&a=b c"
        return _answer({"things": [1], "meta": {"total": 2, "links": {"next": following}}})

    assert _collect(ask, CURSOR, {"type": "all"}) == [1, 1]
    first = {"type": "all", "per_page": "500"}
    assert asked == [first, {**first, "cursor": "https://x.example/?page=2&a=b c"}]


def test_a_cursor_that_repeats_is_an_error_and_not_a_loop() -> None:
    body = {"things": [1], "meta": {"total": 1, "links": {"next": "same"}}}
    with pytest.raises(ProviderError, match="repeats"):
        _collect(lambda _: _answer(body), CURSOR)


def test_only_page_and_size_are_taken_from_a_link() -> None:
    asked: list[Query] = []
    _collect(_linked(2, 1, asked), LINK, {"tag_name": "x"})
    assert asked == [
        {"tag_name": "x", "per_page": "200"},
        {"tag_name": "x", "per_page": "1", "page": "2"},
    ]


@pytest.mark.parametrize(
    "link",
    ["https://x.example/?page=2", "https://x.example/", "junk", "https://[", "?per_page=200"],
)
def test_a_link_that_repeats_is_an_error_and_not_a_loop(link: str) -> None:
    body = {"things": [1], "links": {"pages": {"next": link}}, "meta": {"total": 1}}
    asked: list[Query] = []

    def ask(query: Query) -> Answer:
        asked.append(query)
        return _answer(body)

    with pytest.raises(ProviderError, match="repeats"):
        _collect(ask, LINK)
    assert len(asked) <= 2


def test_a_list_that_ends_early_is_not_believed() -> None:
    body = {"things": [1, 2], "links": {}, "meta": {"total": 3}}
    with pytest.raises(ProviderUnavailable, match="ended after 2 of 3"):
        _collect(lambda _: _answer(body), LINK)
    with pytest.raises(ProviderUnavailable, match="ended after 1 of 7"):
        _collect(lambda _: _answer({"things": [1], "pages": 1, "results": 7}), NUMBER)


@pytest.mark.parametrize("body", [None, [], {}, {"things": None}, {"things": {"a": 1}}, "x"])
def test_an_answer_without_the_list_is_an_error_that_names_it(body: Any) -> None:
    with pytest.raises(ProviderError, match=r"lacks the list things \(request r-1\)"):
        _collect(lambda _: _answer(body), LINK)


@pytest.mark.parametrize("link", [None, "", 5, {}])
def test_no_link_is_the_end(link: Any) -> None:
    body = {"things": [1], "links": {"pages": {"next": link}}}
    assert _collect(lambda _: _answer(body), LINK) == [1]
