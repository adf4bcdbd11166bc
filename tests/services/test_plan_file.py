"""A plan in a file: sealed, opened, and refused when it or the world has moved."""

import json
from datetime import timedelta
from typing import Any

import pytest

from capsule_domain.errors import Conflict, UsageError
from capsule_domain.models.deployment import DeployPlan
from capsule_domain.models.money import Money
from capsule_domain.models.profile import Environment, Profile
from capsule_domain.models.stack import ResolvedStack, Stack
from capsule_domain.models.template import Offer, Stock
from capsule_domain.ports.host import DeployKey
from capsule_domain.services.first_boot import PLAIN_BOOT
from capsule_domain.services.plan_file import opened, sealed, still_true, told_hash
from capsule_domain.services.plan_profiles import content_of
from tests.fakes.offers import AS_OF, DEFAULT_OFFERS
from tests.fakes.provider import CAPABILITIES
from tests.services.renting import Street

KEY = DeployKey(private_path="k", public_openssh="ssh-ed25519 AAAAC3 me@here")

PROFILES = {"prod": {"stack": ("base", "docker"), "package": ("git",)}}


def plan(**fields: Any) -> DeployPlan:
    return Street().plan(tags=("a",), **fields)


def offers(**changes: object) -> list[Offer]:
    first, *others = DEFAULT_OFFERS
    return [first.model_copy(update=changes), *others]


def test_what_is_sealed_is_opened_and_still_true() -> None:
    text = sealed([plan()], told="t", profiles=PROFILES, now=AS_OF)
    kept = opened(text, "p.json")
    [again] = still_true(kept, DEFAULT_OFFERS, told="t", profiles=PROFILES, now=AS_OF)
    assert again == plan().model_copy(update={"rejected": (), "runners_up": ()})
    assert "rejected" not in text or json.loads(text)["plans"][0]["rejected"] == []


@pytest.mark.parametrize(
    "edit",
    [
        lambda body: body["plans"][0].update(name="web-2"),
        lambda body: body["plans"][0]["offer"]["price_per_hour"].update(amount="0.001"),
        lambda body: body.update(told="other"),
        lambda body: body.update(sha256="0" * 64),
        lambda body: body["plans"].append(body["plans"][0]),
        lambda body: body.update(more=1),
    ],
)
def test_an_edited_file_is_refused(edit: Any) -> None:
    body = json.loads(sealed([plan()], told="t", profiles=PROFILES, now=AS_OF))
    edit(body)
    with pytest.raises(Conflict, match="was edited after it was written"):
        opened(json.dumps(body), "p.json")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null", '{"plans": []}', "[" * 100_000])
def test_what_is_no_plan_is_told_so(text: str) -> None:
    with pytest.raises(UsageError, match="is no plan file"):
        opened(text, "p.json")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"price_per_hour": Money.of("0.011")}, "costs 0.011 USD an hour now, not 0.01 USD"),
        ({"price_per_month": Money.of("5")}, "costs 5 USD a month now, not 6 USD"),
        ({"stock": Stock.NONE}, "is out of stock by now"),
        ({"region": "north"}, "is not sold any more"),
    ],
)
def test_what_moved_is_refused_with_what_it_is_now(change: dict[str, object], why: str) -> None:
    kept = opened(sealed([plan()], told="t", profiles=PROFILES, now=AS_OF), "p.json")
    with pytest.raises(Conflict, match=f"small in west at fakecloud {why}"):
        still_true(kept, offers(**change), told="t", profiles=PROFILES, now=AS_OF)


def test_other_user_data_than_was_planned_is_refused() -> None:
    kept = opened(sealed([plan()], told="t", profiles=PROFILES, now=AS_OF), "p.json")
    with pytest.raises(Conflict, match="the SSH key, or openmesh"):
        still_true(kept, DEFAULT_OFFERS, told="u", profiles=PROFILES, now=AS_OF)


def test_a_fallback_that_moved_is_left_out() -> None:
    kept = opened(sealed([plan()], told="t", profiles=PROFILES, now=AS_OF), "p.json")
    [again] = still_true(
        kept, [DEFAULT_OFFERS[0], DEFAULT_OFFERS[2]], told="t", profiles=PROFILES, now=AS_OF
    )
    assert [offer.slug for offer in again.fallbacks] == ["large"]


def test_what_would_have_expired_by_now_is_refused() -> None:
    end = AS_OF + timedelta(hours=8)
    kept = opened(sealed([plan(expires_at=end)], told="t", profiles=PROFILES, now=AS_OF), "p.json")
    still_true(kept, DEFAULT_OFFERS, told="t", profiles=PROFILES, now=AS_OF)
    with pytest.raises(Conflict, match="would have expired by now"):
        still_true(kept, DEFAULT_OFFERS, told="t", profiles=PROFILES, now=end)


def test_the_hash_of_what_is_told_follows_the_key_and_not_its_comment() -> None:
    def told(key: DeployKey) -> str:
        return told_hash([plan()], PLAIN_BOOT, lambda _name: CAPABILITIES, key)

    other = KEY.model_copy(update={"public_openssh": "ssh-ed25519 AAAAC4 me@here"})
    comment = KEY.model_copy(update={"public_openssh": "ssh-ed25519 AAAAC3 me@there"})
    assert told(KEY) == told(comment) != told(other)


def test_another_content_of_the_profile_than_was_planned_is_refused_with_what_changed() -> None:
    kept = opened(sealed([plan()], told="t", profiles=PROFILES, now=AS_OF), "p.json")
    now = {"prod": {"stack": ("base",), "package": ("git", "jq"), "port": ("80",)}}
    with pytest.raises(Conflict) as caught:
        still_true(kept, DEFAULT_OFFERS, told="t", profiles=now, now=AS_OF)
    told = "the profile prod is not what was planned: -stack docker, +package jq, +port 80"
    assert caught.value.message == told
    others = {**PROFILES, "dev": PROFILES["prod"]}
    assert still_true(kept, DEFAULT_OFFERS, told="t", profiles=others, now=AS_OF)


def test_whatever_a_profile_brings_is_part_of_its_content() -> None:
    stack = Stack(name="web", category="web", summary="x", module="{ }")
    base = Environment(
        profile=Profile(name="prod"),
        stacks=(ResolvedStack(stack=stack, because=("chosen",)),),
        packages=("git",),
        python_packages=(),
    )
    other = stack.model_copy(update={"module": "{ networking = { }; }"})
    changes: list[dict[str, object]] = [
        {"packages": ("git", "jq")},
        {"python_packages": ("numpy",)},
        {"services": ("nginx",)},
        {"ports": (80,)},
        {"unfree": ("vscode",)},
        {"pins": {"nixpkgs": "nixos-unstable"}},
        {"stacks": (ResolvedStack(stack=other, because=("chosen",)),)},
        {"stacks": ()},
    ]
    contents = [content_of(base.model_copy(update=change)) for change in ({}, *changes)]
    assert all(one not in contents[:at] for at, one in enumerate(contents))
    summary = {"profile": Profile(name="prod", summary="more words")}
    assert content_of(base.model_copy(update=summary)) == contents[0]
