"""Flat tags as AWS's pairs, and back: nothing is lost and nothing made up."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_adapters.providers.aws import CAPABILITIES, tags

TAGS = st.text(alphabet=string.ascii_letters + string.digits + "+._:/@-", min_size=1, max_size=128)
OURS = TAGS.filter(lambda tag: re.fullmatch(CAPABILITIES.tag_pattern, tag, re.ASCII) is not None)
DEPLOYMENTS = st.text(alphabet=string.hexdigits, max_size=20).map(lambda text: f"capsule-{text}")


@given(st.lists(st.one_of(OURS, DEPLOYMENTS), max_size=20))
def test_tags_that_are_sent_come_back(given_tags: list[str]) -> None:
    pairs = tags.pairs("web-1", given_tags)
    keys = [pair["Key"] for pair in pairs]
    assert len(keys) == len(set(keys))
    assert all(0 < len(key) <= 128 for key in keys)
    assert all(len(pair["Value"]) <= 256 for pair in pairs)
    found = {pair["Key"]: pair["Value"] for pair in pairs}
    assert set(tags.tags_of(found)) == set(given_tags)
    assert tags.name_of(found, "i-0") == "web-1"


def test_the_deployment_has_a_key_of_its_own() -> None:
    pairs = tags.pairs("web-1", ["web", "capsule-01hzx3", "capsule-other", "capsule-01hzx3"])
    assert {pair["Key"]: pair["Value"] for pair in pairs} == {
        "Name": "web-1",
        "web": "",
        "capsule": "01hzx3",
        "capsule-other": "",
    }


def test_the_end_of_a_life_is_a_key_and_a_value_and_changes() -> None:
    pairs = tags.pairs("web-1", ["capsule-01hzx3", "capsule-expires:1790000000"])
    found = {pair["Key"]: pair["Value"] for pair in pairs}
    assert found == {"Name": "web-1", "capsule": "01hzx3", "capsule-expires": "1790000000"}
    assert tags.tags_of(found) == ("capsule-01hzx3", "capsule-expires:1790000000")
    later = tags.retagged(found, ["capsule-01hzx3", "capsule-expires:1800000000"])
    assert later == {**found, "capsule-expires": "1800000000"}


@pytest.mark.parametrize("tag", ["", "Name", "capsule", "aws:x", "AWS:x", "a=b", "a b", "x" * 129])
def test_what_would_be_lost_or_is_reserved_is_no_tag(tag: str) -> None:
    assert re.fullmatch(CAPABILITIES.tag_pattern, tag, re.ASCII) is None


@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=10))
def test_pairs_of_others_never_fail_and_never_look_like_the_name(found: dict[str, str]) -> None:
    flat = tags.tags_of(found)
    assert len(flat) == len(set(flat))
    assert all(flat)
    assert tags.name_of(found, "i-0") == (found.get("Name") or "i-0")


@given(
    st.dictionaries(OURS, st.sampled_from(["", "prod"]), max_size=8),
    st.lists(st.one_of(OURS, DEPLOYMENTS), max_size=8),
)
def test_new_tags_are_exactly_those_asked_for_and_the_name_stays(
    found: dict[str, str], wanted: list[str]
) -> None:
    after = tags.retagged({"Name": "web-1", **found}, wanted)
    assert set(tags.tags_of(after)) == set(wanted)
    assert after["Name"] == "web-1"


def test_what_others_and_aws_tagged_stays_where_it_is_asked_for_or_reserved() -> None:
    found = {"Name": "web-1", "env": "prod", "team": "a", "aws:fleet": "f", "capsule": "01hzx3"}
    after = tags.retagged(found, ["env=prod", "capsule-01hzx3", "web"])
    assert after == {k: v for k, v in found.items() if k != "team"} | {"web": ""}


def test_two_tags_with_one_key_cannot_both_be() -> None:
    assert tags.retagged({"env": "prod"}, ["env=prod", "env"]) == {"env": "prod"}
