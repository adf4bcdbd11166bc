"""Checking a cloud, keeping its key, and listing the clouds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import pytest
from pydantic import SecretStr

from capsule_domain.errors import (
    AccountLocked,
    CapsuleError,
    ConfigurationError,
    CredentialsMissing,
    CredentialsRefused,
    PermissionMissing,
    ProjectUnknown,
    ProviderUnavailable,
    RateLimited,
)
from capsule_domain.models.cloud import CloudFacts
from capsule_domain.models.server import Account, Server
from capsule_domain.models.template import Region, Template
from capsule_domain.ports.cloud_keys import CloudKey
from capsule_domain.ports.provider import Provider
from capsule_domain.services.check_provider import CheckProvider
from capsule_domain.services.clouds import Clouds
from capsule_domain.services.configure_provider import ConfigureProvider
from tests.fakes.cloud_keys import FakeCloudKeys
from tests.fakes.provider import CAPABILITIES, FakeProvider


class Locked(FakeProvider):
    def account(self) -> Account:
        return Account(provider=self.name, identity="me", active=False, detail="unpaid")


class Narrow(FakeProvider):
    """Its key may read the account and nothing else."""

    def servers(self, **_given: object) -> list[Server]:
        raise PermissionMissing(self.name, "the key lacks the right: droplet:read", hint="widen it")


def test_a_cloud_that_lets_us_in_tells_whose_account_it_is() -> None:
    cloud = FakeProvider(server_limit=7)
    assert CheckProvider(cloud).run().server_limit == 7
    assert cloud.calls == ["account", "servers", "regions"]


@pytest.mark.parametrize(
    "error",
    [
        CredentialsRefused("fakecloud", "the key is not accepted"),
        ProjectUnknown("fakecloud", "no such project"),
        ProviderUnavailable("fakecloud", "no answer"),
        RateLimited("fakecloud", retry_after_seconds=3),
    ],
)
def test_what_is_in_the_way_is_told_as_it_is(error: CapsuleError) -> None:
    with pytest.raises(type(error)) as caught:
        CheckProvider(FakeProvider(fails=error)).run()
    assert caught.value is error


def test_a_locked_account_is_none_that_lets_us_in() -> None:
    with pytest.raises(AccountLocked, match=r"the account me is not active \(unpaid\)"):
        CheckProvider(Locked()).run()


def test_a_missing_right_is_told_with_what_it_is_for() -> None:
    with pytest.raises(PermissionMissing) as caught:
        CheckProvider(Narrow()).run()
    assert caught.value.message == (
        "fakecloud: may not list servers: the key lacks the right: droplet:read"
    )
    assert caught.value.hint == "widen it"


def key(**parts: str) -> CloudKey:
    return {name: SecretStr(value) for name, value in parts.items()}


@dataclass
class Desk:
    """Where keys are tried and kept; `cloud` is what they open."""

    cloud: Provider = field(default_factory=FakeProvider)
    keys: FakeCloudKeys = field(default_factory=FakeCloudKeys)
    tried: list[tuple[str, CloudKey]] = field(default_factory=list)

    @property
    def service(self) -> ConfigureProvider:
        return ConfigureProvider(self.keys, self.connect)

    def connect(self, provider: str, key: CloudKey) -> Provider:
        self.tried.append((provider, key))
        return self.cloud


def test_a_key_that_the_cloud_accepts_is_kept() -> None:
    desk = Desk()
    done = desk.service.run("fakecloud", key(api_key="good"))
    assert (done.saved, done.checked, done.warning) == (True, True, None)
    assert done.account is not None
    assert desk.keys.kept("fakecloud") == key(api_key="good")
    assert desk.tried == [("fakecloud", key(api_key="good"))]


@pytest.mark.parametrize("make", [lambda: FakeProvider(refuses_key=True), Locked, Narrow])
def test_a_key_that_the_cloud_refuses_is_kept_by_force_only(make: Callable[[], Provider]) -> None:
    desk = Desk(cloud=make())
    with pytest.raises(CapsuleError) as caught:
        desk.service.run("fakecloud", key(api_key="bad"))
    assert caught.value.hint == "nothing was saved; --force saves it all the same"
    assert desk.keys.held == {}
    done = desk.service.run("fakecloud", key(api_key="bad"), force=True)
    assert (done.saved, done.checked, done.warning) == (True, False, caught.value.message)
    assert desk.keys.kept("fakecloud") == key(api_key="bad")


def test_a_key_that_nobody_could_try_is_kept_and_called_unproven() -> None:
    desk = Desk(cloud=FakeProvider(fails=ProviderUnavailable("fakecloud", "no answer")))
    done = desk.service.run("fakecloud", key(api_key="new"))
    assert (done.saved, done.checked, done.warning) == (True, False, "fakecloud: no answer")


def test_half_a_key_is_not_tried() -> None:
    desk = Desk()
    with pytest.raises(CredentialsMissing, match="no credentials for paircloud") as caught:
        desk.service.run("paircloud", key(api_key="id"))
    assert "PAIR_SECRET" in (caught.value.hint or "")
    assert (desk.tried, desk.keys.held) == ([], {})


def test_a_dry_run_tries_and_keeps_nothing() -> None:
    desk = Desk()
    done = desk.service.run("fakecloud", key(api_key="good"), dry_run=True)
    assert (done.saved, done.checked) == (False, True)
    assert desk.keys.held == {}


def test_only_another_key_is_lost_by_keeping_one() -> None:
    desk = Desk(keys=FakeCloudKeys(kept={"fakecloud": {"api_key": "old"}}))
    assert desk.service.replaces("fakecloud", key(api_key="new"))
    assert not desk.service.replaces("fakecloud", key(api_key="old"))
    assert not desk.service.replaces("paircloud", key(api_key="new", secret_key="x"))


def test_a_file_that_does_not_hold_is_told() -> None:
    desk = Desk()
    desk.keys.broken = True
    with pytest.raises(ConfigurationError, match=r"providers\.yml"):
        desk.service.run("fakecloud", key(api_key="new"))


@dataclass(frozen=True)
class Shelf:
    """A catalogue of two regions and nothing to sell."""

    def providers(self) -> Sequence[str]:
        return ["fakecloud"]

    def templates(self) -> Sequence[Template]:
        return []

    def regions(self) -> Sequence[Region]:
        return [Region(provider="fakecloud", region=name) for name in ("west", "east")]


FACTS: Mapping[str, CloudFacts] = {
    "fakecloud": CloudFacts(name="fakecloud", title="Fake", capabilities=CAPABILITIES),
    "paircloud": CloudFacts(
        name="paircloud", title="Pair", capabilities=CAPABILITIES, ended=date(2026, 6, 30)
    ),
}


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        (FakeCloudKeys({"FAKE_TOKEN": "x"}, {"fakecloud": {"api_key": "y"}}), "environment"),
        (FakeCloudKeys(kept={"fakecloud": {"api_key": "y"}}), "providers.yml"),
        (FakeCloudKeys(), "elsewhere"),
    ],
)
def test_the_clouds_are_listed_with_where_their_keys_are(keys: FakeCloudKeys, place: str) -> None:
    clouds = Clouds(FACTS.__getitem__, keys, Shelf())
    first, second = clouds.summaries(["fakecloud", "paircloud"], ["fakecloud"])
    assert (first.name, first.configured, first.key_from) == ("fakecloud", True, place)
    assert (first.templates, first.regions, first.ended) == (0, 2, None)
    assert first.variables == ("FAKE_API_KEY", "FAKE_TOKEN", "FAKE_PROJECT_ID")
    assert (second.configured, second.key_from, second.ended) == (False, None, date(2026, 6, 30))
