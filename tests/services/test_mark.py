"""Tags, ends and protection: at the cloud first, and here what was read back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_domain.errors import (
    Conflict,
    NotFound,
    ProviderError,
    ProviderUnavailable,
    UsageError,
)
from capsule_domain.models.marks import TagChange
from capsule_domain.models.time_to_live import expiry_in
from capsule_domain.models.xnode import XNode
from capsule_domain.services.mark import Mark
from tests.services.renting import Street

TAG = st.from_regex(r"[a-z0-9][a-z0-9:._-]{0,12}", fullmatch=True).filter(
    lambda tag: not tag.startswith("capsule-")
)


class Desk:
    """An xNode with the tags a and b, and with one that somebody gave it at the cloud."""

    def __init__(self) -> None:
        self.street = Street()
        self.cloud = self.street.cloud
        self.xnode = self.street.run(self.street.plan(tags=("a", "b")))
        self.cloud.set_tags(self.xnode.server_id, (*self.there, "theirs"))

    @property
    def there(self) -> tuple[str, ...]:
        return self.cloud.servers_by_id[self.xnode.server_id].tags

    @property
    def kept(self) -> XNode:
        return self.street.inventory.get(self.xnode.id)

    def mark(self) -> Mark:
        return Mark(lambda _name: self.cloud, self.street.inventory, self.street.clock)

    def tag(self, *words: str) -> tuple[str, ...]:
        return self.mark().tag(self.kept, TagChange.parse(words)).xnode.tags


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_tags_are_added_taken_away_and_set(desk: Desk) -> None:
    assert desk.tag("+c", "-a") == ("b", "c")
    assert desk.kept.tags == ("b", "c")
    assert set(desk.there) == {"b", "c", "theirs", f"capsule-{desk.xnode.deployment}"}
    assert desk.tag("x,y") == ("x", "y")
    assert set(desk.there) == {"x", "y", "theirs", f"capsule-{desk.xnode.deployment}"}
    assert desk.tag("") == ()


def test_an_end_is_a_tag_that_any_capsule_reads_and_there_is_one_at_most(desk: Desk) -> None:
    now = desk.street.clock.now()
    for hours in (8, 2):
        moment = now + timedelta(hours=hours)
        assert desk.mark().expire(desk.kept, moment).xnode.expires_at == moment
        assert expiry_in(desk.there) == moment
    assert len([tag for tag in desk.there if tag.startswith("capsule-expires")]) == 1
    desk.mark().expire(desk.kept, None)
    assert expiry_in(desk.there) is None
    assert {"a", "b", "theirs"} <= set(desk.there)
    assert desk.kept.expires_at is None


def test_a_tag_of_an_end_outlives_other_tags(desk: Desk) -> None:
    desk.mark().expire(desk.kept, desk.street.clock.now() + timedelta(hours=8))
    desk.tag("only")
    assert expiry_in(desk.there) == desk.kept.expires_at


def test_protection_is_ours_alone(desk: Desk) -> None:
    calls = len(desk.cloud.calls)
    assert desk.mark().protect(desk.kept, on=True).protected
    assert desk.kept.protected
    assert not desk.mark().protect(desk.kept, on=False).protected
    assert len(desk.cloud.calls) == calls


def test_where_tags_cannot_change_the_inventory_has_them_and_that_is_said(desk: Desk) -> None:
    desk.cloud.capabilities = desk.cloud.capabilities.model_copy(
        update={"tags_change_after_creation": False}
    )
    marked = desk.mark().tag(desk.kept, TagChange.parse(["+c"]))
    assert marked.only_here == "fakecloud cannot change tags of a server that is there"
    assert desk.kept.tags == ("a", "b", "c")
    assert "c" not in desk.there


def test_at_no_cloud_of_ours_the_inventory_has_them(desk: Desk) -> None:
    def provider(name: str) -> Any:
        raise NotFound("provider", name)

    marked = replace(desk.mark(), provider=provider).tag(desk.kept, TagChange.parse(["c"]))
    assert marked.only_here == "there is no cloud 'fakecloud' to ask"
    assert desk.kept.tags == ("c",)


def test_a_tag_that_the_cloud_does_not_take_changes_nothing(desk: Desk) -> None:
    before, there = desk.kept, desk.there
    with pytest.raises(UsageError, match="does not take the tag 'ü'"):
        desk.tag("+c", "+ü")
    assert (desk.kept, desk.there) == (before, there)


def test_a_lost_answer_is_settled_by_a_look(desk: Desk) -> None:
    act = desk.cloud.set_tags

    def answer_lost(server_id: str, tags: Any) -> None:
        act(server_id, tags)
        raise ProviderUnavailable("fakecloud", "the connection broke")

    desk.cloud.set_tags = answer_lost  # type: ignore[method-assign]
    assert desk.tag("c") == ("c",)


def test_what_the_cloud_does_not_show_is_not_kept(desk: Desk) -> None:
    before = desk.kept
    desk.cloud.set_tags = lambda _id, _tags: None  # type: ignore[method-assign,assignment]
    with pytest.raises(ProviderError, match="does not show them"):
        desk.tag("c")
    desk.cloud.fails = ProviderUnavailable("fakecloud", "away", sent=False)
    with pytest.raises(ProviderUnavailable):
        desk.tag("c")
    assert desk.kept == before


def test_one_that_the_cloud_knows_no_more_is_told(desk: Desk) -> None:
    desk.cloud.servers_by_id.clear()
    with pytest.raises(Conflict, match="knows no server 9001 of web-1"):
        desk.tag("c")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "no tag is named"),
        (["+"], "no tag is named"),
        ([",,"], "no tag is named"),
        (["a", "+b"], "either"),
        (["+a", "-a"], "both added and taken away"),
        (["a b"], "is no tag"),
        (["--force"], "is no tag"),
        (["+a;b"], "is no tag"),
        (["+capsule-expires:1"], "Capsule's own"),
    ],
)
def test_what_is_no_change_of_tags_is_refused(words: list[str], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        TagChange.parse(words)


@given(st.lists(TAG, unique=True), st.lists(TAG), st.lists(TAG))
def test_added_are_there_and_taken_away_are_not_and_each_is_there_once(
    before: list[str], added: list[str], removed: list[str]
) -> None:
    removed = [tag for tag in removed if tag not in added]
    if not added and not removed:
        return
    change = TagChange.parse([*(f"+{tag}" for tag in added), *(f"-{tag}" for tag in removed)])
    after = change.of(before)
    assert set(after) == ({*before} | {*added}) - {*removed}
    assert len(after) == len(set(after))
    assert change.of(after) == after
