"""Lists that come in pages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from capsule_adapters.rest.answer import Answer, pluck, within
from capsule_domain.errors import ProviderError, ProviderUnavailable

Query = Mapping[str, str]


class Paging(Protocol):
    """How a cloud cuts its lists."""

    def first(self) -> Query:
        """What asks for the first page."""

    def following(self, asked: Query, answer: Answer) -> Query | None:
        """What asks for the page after this one; None at the end."""

    def total(self, answer: Answer) -> int | None:
        """How many items the cloud says there are, if it says."""


@dataclass(frozen=True)
class PageNumber:
    """Pages are counted, and the body says how many there are."""

    pages: tuple[str, ...]
    """Where the body has the number of pages."""
    size: int
    page_name: str = "page"
    size_name: str = "per_page"
    total_at: tuple[str, ...] = ()

    def first(self) -> Query:
        return {self.page_name: "1", self.size_name: str(self.size)}

    def following(self, asked: Query, answer: Answer) -> Query | None:
        pages = pluck(answer.body, *self.pages)
        page = int(asked[self.page_name])
        if not isinstance(pages, int) or page >= pages:
            return None
        return {**asked, self.page_name: str(page + 1)}

    def total(self, answer: Answer) -> int | None:
        return _count(answer, self.total_at)


@dataclass(frozen=True)
class NextLink:
    """The body links to the next page. Only the named parts of its query are taken.

    Its host is never asked: it may not be the endpoint, and the key would go along.
    """

    link: tuple[str, ...]
    """Where the body has the link."""
    take: tuple[str, ...]
    size: int
    size_name: str = "per_page"
    total_at: tuple[str, ...] = ()

    def first(self) -> Query:
        return {self.size_name: str(self.size)}

    def following(self, asked: Query, answer: Answer) -> Query | None:
        link = pluck(answer.body, *self.link)
        if not isinstance(link, str) or not link:
            return None
        try:
            parts = parse_qs(urlsplit(link).query)
        except ValueError:
            return dict(asked)  # which repeats, and so is told as an error
        return {**asked, **{name: parts[name][0] for name in self.take if name in parts}}

    def total(self, answer: Answer) -> int | None:
        return _count(answer, self.total_at)


@dataclass(frozen=True)
class Cursor:
    """The body has a word for the next page, which means nothing to us; empty at the end."""

    next_at: tuple[str, ...]
    """Where the body has it."""
    size: int
    cursor_name: str = "cursor"
    size_name: str = "per_page"
    total_at: tuple[str, ...] = ()

    def first(self) -> Query:
        return {self.size_name: str(self.size)}

    def following(self, asked: Query, answer: Answer) -> Query | None:
        cursor = pluck(answer.body, *self.next_at)
        if not isinstance(cursor, str) or not cursor:
            return None
        return {**asked, self.cursor_name: cursor}

    def total(self, answer: Answer) -> int | None:
        return _count(answer, self.total_at)


@dataclass(frozen=True)
class Unpaged:
    """Lists come whole."""

    def first(self) -> Query:
        return {}

    def following(self, asked: Query, answer: Answer) -> Query | None:  # noqa: ARG002
        return None

    def total(self, answer: Answer) -> int | None:  # noqa: ARG002
        return None


@dataclass(frozen=True)
class ItemCount:
    """Pages are counted, and the answer says how many items there are on all of them."""

    size: int
    page_name: str = "page"
    size_name: str = "per_page"
    header: str = ""
    """The header that says it, in lower case; empty: the body does."""
    total_at: tuple[str, ...] = ()

    def first(self) -> Query:
        return {self.page_name: "1", self.size_name: str(self.size)}

    def following(self, asked: Query, answer: Answer) -> Query | None:
        page, total = int(asked[self.page_name]), self.total(answer)
        if total is None or page * self.size >= total:
            return None
        return {**asked, self.page_name: str(page + 1)}

    def total(self, answer: Answer) -> int | None:
        if not self.header:
            return _count(answer, self.total_at)
        told = answer.headers.get(self.header, "")
        return int(told) if told.isascii() and told.isdecimal() and len(told) < 10 else None


def collect(
    provider: str,
    ask: Callable[[Query], Answer],
    paging: Paging,
    *,
    items: str,
    query: Query,
    keyed: bool = False,
) -> list[Any]:
    """Every item of every page. `items` is the body's key of the list; empty: it is the body.

    With `keyed` it is a map, and an item is a pair of it.

    Raises ProviderError when pages go in a circle or have no list, and
    ProviderUnavailable when fewer items came than the cloud says there are: a server
    that is missing from a list must not be taken for one that is gone.
    """
    collected: list[Any] = []
    asked: list[Query] = []
    following: Query | None = {**query, **paging.first()}
    while following is not None:
        if following in asked:
            raise ProviderError(provider, f"the list of {items} repeats a page instead of ending")
        asked.append(following)
        answer = ask(following)
        page = within(answer.body, items)
        if keyed:
            page = list(page.items()) if isinstance(page, dict) else None
        if not isinstance(page, list):
            raise ProviderError(
                provider,
                f"the answer lacks the list {items}" if items else "the answer is not a list",
                request_id=answer.request_id,
            )
        collected += page
        following = paging.following(following, answer)
    total = paging.total(answer)
    if total is not None and len(collected) < total:
        raise ProviderUnavailable(
            provider,
            f"the list of {items} ended after {len(collected)} of {total}",
            request_id=answer.request_id,
        )
    return collected


def _count(answer: Answer, at: tuple[str, ...]) -> int | None:
    total = pluck(answer.body, *at) if at else None
    return total if isinstance(total, int) else None
