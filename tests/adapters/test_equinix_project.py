"""The project of an Equinix account, its refusals, and what the registry knows of the cloud."""

import traceback
from collections.abc import Iterator
from datetime import date

import pytest
from pydantic import SecretStr

from capsule_adapters.providers import PROVIDERS, connect
from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.equinix.state import HOME_PROJECT, new_id
from capsule_adapters.sandbox.equinix.wording import PREFIX
from capsule_domain.errors import (
    AccountLocked,
    ConfigurationError,
    CredentialsMissing,
    CredentialsRefused,
    OutOfStock,
    PermissionMissing,
    ProjectUnknown,
    ProviderError,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
)
from tests.simulators.equinix import DEVICES, PROJECT, Rehearsal, adapter, rehearsal, rental

SENTINEL = "sentinel-41d8c07b9e6f2a35"


@pytest.fixture
def here() -> Iterator[Rehearsal]:
    with rehearsal() as made:
        yield made


def test_the_default_project_of_the_user_is_taken_and_told(here: Rehearsal) -> None:
    account = here.provider.account()
    assert (account.identity, account.detail) == ("rehearsal@example.com", "project Rehearsal")
    here.provider.create(rental())
    assert here.sent("GET", f"{PREFIX}/projects") == []
    assert len(here.sent("GET", PROJECT)) == 1


def test_the_named_project_is_worked_in_and_no_other_is_asked_for(here: Rehearsal) -> None:
    other = new_id()
    here.simulator.state.projects[other] = "Other"
    provider = adapter(here.simulator, here.clock, project_id=other)
    server = provider.create(rental())
    assert here.simulator.state.devices[server.server_id].project == other
    assert [s.server_id for s in provider.servers()] == [server.server_id]
    assert here.provider.servers() == []
    assert provider.account().detail == "project Other"


def test_without_a_default_the_only_project_is_taken(here: Rehearsal) -> None:
    here.simulator.temper.default_project = None
    server = here.provider.create(rental())
    assert here.simulator.state.devices[server.server_id].project == HOME_PROJECT


@pytest.mark.parametrize(
    ("names", "cause"),
    [((), "no project"), (("one", "two"), "2 projects, and none is the default")],
)
def test_no_project_or_several_are_an_error_that_names_the_variable(
    here: Rehearsal, names: tuple[str, ...], cause: str
) -> None:
    here.simulator.temper.default_project = None
    here.simulator.state.projects.clear()
    here.simulator.state.projects.update({new_id(): name for name in names})
    for call in (here.provider.account, here.provider.servers):
        with pytest.raises(ConfigurationError, match=cause) as caught:
            call()
        assert caught.value.hint == "export EQUINIX_PROJECT_ID=…"


def test_what_needs_no_project_does_not_look_for_one(here: Rehearsal) -> None:
    here.simulator.temper.default_project = None
    here.simulator.state.projects.clear()
    assert here.provider.regions()
    assert here.provider.offers()


@pytest.mark.parametrize("status", [403, 404])
def test_a_project_of_someone_else_is_unknown(here: Rehearsal, status: int) -> None:
    theirs = new_id()
    provider = adapter(here.simulator, here.clock, project_id=theirs)
    path = f"{PREFIX}/projects/{theirs}"
    here.simulator.faults.add(faults.status(status), path=path, times=9)
    for call in (provider.account, provider.servers, lambda: provider.create(rental())):
        with pytest.raises(ProjectUnknown, match=theirs) as caught:
            call()
        assert caught.value.hint == "export EQUINIX_PROJECT_ID=…"


@pytest.mark.parametrize("path", [PROJECT, ".*"])
def test_a_right_that_lacks_at_the_project_is_no_unknown_project(
    here: Rehearsal, path: str
) -> None:
    here.simulator.faults.add(faults.status(403), path=path, times=9)
    for call in (here.provider.account, here.provider.servers):
        with pytest.raises(PermissionMissing):
            call()


def test_a_right_that_was_taken_away_is_told_though_the_project_is_known(here: Rehearsal) -> None:
    here.provider.account()
    here.simulator.faults.add(faults.status(403), times=9)
    with pytest.raises(PermissionMissing):
        here.provider.account()


def test_a_project_that_cannot_be_asked_for_rents_nothing_for_sure(here: Rehearsal) -> None:
    here.simulator.faults.add(faults.reset_before(), path=PROJECT, times=9)
    with pytest.raises(ProviderUnavailable) as caught:
        here.provider.create(rental())
    assert not caught.value.sent


def test_the_key_of_a_project_works_without_a_user(here: Rehearsal) -> None:
    here.simulator.temper.of_project = True
    account = here.provider.account()
    assert (account.identity, account.active) == ("project Rehearsal", True)
    assert here.provider.create(rental()).name == "web"


def test_a_key_that_may_only_read_lacks_a_right(here: Rehearsal) -> None:
    here.simulator.temper.read_only = True
    assert here.provider.account().active
    with pytest.raises(PermissionMissing, match="read-only"):
        here.provider.create(rental())
    assert here.simulator.state.devices == {}


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (
            422,
            "The metro da has no provisionable c3.small.x86 servers matching your criteria",
            OutOfStock,
        ),
        (422, "Not enough capacity for c3.small.x86", OutOfStock),
        (422, "The project has reached its limit of 5 devices", QuotaExceeded),
        (422, "Limit of servers reached", QuotaExceeded),
        (403, "Your account is suspended", AccountLocked),
        (422, "Hostname is not valid", ProviderError),
        (403, "You are not authorized to view this resource", PermissionMissing),
        (401, "Invalid authentication token", CredentialsRefused),
        (429, "Too many requests", RateLimited),
    ],
)
def test_refusals_are_told_apart(
    here: Rehearsal, status: int, said: str, expected: type[ProviderError]
) -> None:
    here.simulator.faults.add(faults.status(status, said), method="POST", path=DEVICES)
    with pytest.raises(ProviderError) as caught:
        here.provider.create(rental())
    assert type(caught.value) is expected
    assert len(here.sent("POST", DEVICES)) == 1


def test_neither_the_key_nor_user_data_is_shown_when_the_cloud_quotes_it(here: Rehearsal) -> None:
    said = f"bad token {here.simulator.token} with userdata {SENTINEL}"
    here.simulator.faults.add(faults.status(422, said), method="POST", path=DEVICES)
    with pytest.raises(ProviderError) as caught:
        here.provider.create(rental(user_data=SecretStr(f"#cloud-config\n{SENTINEL}\n")))
    told = "".join(traceback.format_exception(caught.value))
    assert here.simulator.token not in told
    assert SENTINEL not in told
    assert all("x-auth-token" not in e.request.headers for e in here.simulator.exchanges)


def test_the_registry_knows_that_it_ended() -> None:
    entry = PROVIDERS["equinix"]
    assert entry.ended == date(2026, 6, 30)
    assert [name for name, each in PROVIDERS.items() if each.ended] == ["equinix"]
    assert entry.endpoint == "https://api.equinix.com/metal/v1"
    assert entry.key_variables == ("EQUINIX_API_KEY",)
    assert entry.companion_variables == ("EQUINIX_PROJECT_ID",)


def test_a_key_and_a_project_connect(here: Rehearsal) -> None:
    other = new_id()
    here.simulator.state.projects[other] = "Other"
    provider = connect(
        "equinix",
        credentials={"EQUINIX_API_KEY": here.simulator.token, "EQUINIX_PROJECT_ID": f"{other}\n"},
        endpoint=here.simulator.endpoint,
        clock=here.clock,
    )
    assert provider.account().detail == "project Other"


def test_a_key_that_lacks_and_a_project_that_is_none_are_told(here: Rehearsal) -> None:
    with pytest.raises(CredentialsMissing) as missing:
        connect("equinix", credentials={}, endpoint=None, clock=here.clock)
    assert "export EQUINIX_API_KEY=…" in (missing.value.hint or "")
    for junk in ("my project", "../user", HOME_PROJECT.upper()):
        credentials = {"EQUINIX_API_KEY": "x", "EQUINIX_PROJECT_ID": junk}
        with pytest.raises(ConfigurationError, match="EQUINIX_PROJECT_ID") as caught:
            connect("equinix", credentials=credentials, endpoint=None, clock=here.clock)
        assert junk not in str(caught.value)
