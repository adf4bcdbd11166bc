"""Renting at Scaleway takes three steps, and leaves nothing behind that nobody knows of."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.faults import Fault
from capsule_adapters.sandbox.scaleway import Temper, stock
from capsule_domain.errors import (
    ConfigurationError,
    OutOfStock,
    ProjectUnknown,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
)
from capsule_domain.models.deployment import DeploymentId
from capsule_domain.models.server import ServerRequest, ServerStatus
from tests.simulators.recording import RecordingMachines
from tests.simulators.scaleway import SERVERS, Rehearsal, adapter, rehearsal
from tests.simulators.scaleway_calls import (
    ANY_ACTION,
    ANY_DATA,
    KEY,
    KEYS,
    PROJECTS,
    TYPES,
    USER_DATA,
    bare,
    changes,
    on_block,
    rental,
    verbs,
)

PROJECT = "0d3a1f5c-5b0e-4c39-8a5c-1f2d3e4a5b6c"
OTHER = "7c1f0a2b-9d8e-4f7a-b6c5-d4e3f2a1b0c9"


@pytest.fixture
def here() -> Iterator[Rehearsal]:
    with rehearsal(page_size=100) as made:
        yield made


def _nothing_left(here: Rehearsal) -> bool:
    state = here.simulator.state
    return not (state.servers or state.volumes or state.ips)


def test_user_data_goes_before_the_power(here: Rehearsal) -> None:
    server = here.provider.create(rental())
    assert verbs(here) == [
        "POST ssh-keys",
        "POST servers",
        "PATCH cloud-init",
        "POST poweron",
    ]
    data = changes(here)[2]
    assert (data.body.decode(), data.headers["content-type"]) == (USER_DATA, "text/plain")
    assert data.path == f"{SERVERS}/{bare(server.server_id)}/user_data/cloud-init"
    assert server.status is ServerStatus.PENDING


def test_the_first_boot_has_the_user_data_and_the_projects_keys() -> None:
    machines = RecordingMachines()
    with rehearsal(machines=machines) as here:
        here.provider.create(rental())
        here.clock.advance(5)
        here.provider.servers()
        [server] = here.simulator.state.servers.values()
        assert machines.user_data == [USER_DATA]
        assert server.public_keys == [KEY.removesuffix(" me@home")]


def test_no_user_data_is_not_sent(here: Rehearsal) -> None:
    here.provider.create(rental(user_data=SecretStr("")))
    assert verbs(here)[1:] == ["POST servers", "POST poweron"]


def test_create_asks_for_exactly_what_was_wanted(here: Rehearsal) -> None:
    here.provider.create(rental())
    [project] = here.simulator.temper.projects
    sent = changes(here)[1].json()
    image = stock.IMAGES[sent.pop("image")]
    assert (image.label, image.arch, image.type, image.zone) == (
        "ubuntu_noble",
        "x86_64",
        "instance_local",
        "fr-par-1",
    )
    assert sent == {
        "name": "web",
        "commercial_type": "DEV1-S",
        "project": project,
        "tags": ["capsule-1"],
        "dynamic_ip_required": True,
        "volumes": {"0": {"volume_type": "l_ssd", "size": 20_000_000_000}},
    }


@pytest.mark.parametrize(
    ("slug", "arch", "kind", "volume"),
    [
        ("GP1-XS", "x86_64", "instance_local", {"volume_type": "l_ssd", "size": 150 * 10**9}),
        ("L4-2-24G", "x86_64", "instance_sbs", {"volume_type": "sbs_volume", "size": 40 * 10**9}),
        (
            "STANDARD2-A2C-8G",
            "arm64",
            "instance_sbs",
            {"volume_type": "sbs_volume", "size": 40 * 10**9},
        ),
    ],
)
def test_image_and_root_volume_fit_the_type(
    here: Rehearsal, slug: str, arch: str, kind: str, volume: dict[str, object]
) -> None:
    here.provider.create(rental(slug=slug, image="debian_bookworm"))
    sent = changes(here)[1].json()
    image = stock.IMAGES[sent["image"]]
    assert (image.label, image.arch, image.type) == ("debian_bookworm", arch, kind)
    assert sent["volumes"] == {"0": volume}


def test_an_image_may_be_named_by_its_id(here: Rehearsal) -> None:
    [image] = [
        i.id
        for i in stock.IMAGES.values()
        if (i.label, i.arch, i.type, i.zone)
        == ("debian_bookworm", "x86_64", "instance_local", "fr-par-1")
    ]
    here.provider.create(rental(image=image))
    assert changes(here)[1].json()["image"] == image
    assert here.simulator.count("GET", "/marketplace/v2/local-images") == 0


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (rental(slug="DEV9-S"), "DEV9-S is not sold in fr-par-1"),
        (rental(slug="START1-S"), "START1-S is not sold in fr-par-1"),
        (rental(slug="POP2-2C-8G-WIN"), "is not sold in fr-par-1"),
        (rental(region="fr-par-3"), "DEV1-S is not sold in fr-par-3"),
        (rental(region="par1"), "no zone 'par1'"),
        (rental(image="templeos"), r"no image templeos for DEV1-S \(x86_64\) in fr-par-1"),
    ],
    ids=["unknown type", "ended", "windows", "zone without it", "old name", "image"],
)
def test_what_is_not_there_is_refused_before_anything_is_rented(
    here: Rehearsal, wanted: ServerRequest, told: str
) -> None:
    with pytest.raises(ProviderError, match=told) as caught:
        here.provider.create(wanted)
    assert not isinstance(caught.value, ProviderUnavailable)
    assert not any(verb == "POST servers" for verb in verbs(here))


@pytest.mark.parametrize("request_", [rental(), on_block()], ids=["local disk", "block volume"])
def test_a_server_that_gets_no_user_data_is_ended_with_all_that_was_its(
    here: Rehearsal, request_: ServerRequest
) -> None:
    refusal = faults.status(400, "too long")
    here.simulator.faults.add(refusal, method="PATCH", path=ANY_DATA, times=9)
    with pytest.raises(ProviderError, match="too long") as caught:
        here.provider.create(request_)
    assert not isinstance(caught.value, ProviderUnavailable)
    assert not any(verb == "POST poweron" for verb in verbs(here))
    assert _nothing_left(here)


def test_what_is_sold_out_shows_at_the_power_and_leaves_nothing(here: Rehearsal) -> None:
    with pytest.raises(OutOfStock):
        here.provider.create(rental(slug=stock.SOLD_OUT))
    assert list(dict.fromkeys(verbs(here)))[-3:] == [
        "POST poweron",
        "DELETE servers",
        "DELETE volumes",
    ]
    assert _nothing_left(here)


@pytest.mark.parametrize(
    ("fault", "where", "expected"),
    [
        (faults.status(503), ANY_DATA, ProviderUnavailable),
        (faults.lost_answer(), ANY_DATA, ProviderUnavailable),
        (faults.status(429), ANY_ACTION, RateLimited),
    ],
    ids=["user data refused", "user data unheard", "power turned away"],
)
def test_what_surely_does_not_run_is_ended_and_may_be_asked_for_again(
    here: Rehearsal, fault: Fault, where: str, expected: type[ProviderUnavailable]
) -> None:
    method = "PATCH" if where == ANY_DATA else "POST"
    here.simulator.faults.add(fault, method=method, path=where, times=3)
    with pytest.raises(expected) as caught:
        here.provider.create(rental())
    assert caught.value.sent is False
    assert _nothing_left(here)
    here.simulator.faults.clear()
    assert here.provider.create(rental()).name == "web"


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (faults.lost_answer(), "starting"),
        (faults.web_page(), "starting"),
        (faults.reset_before(), "stopped"),
        (faults.status(503), "stopped"),
    ],
    ids=["lost", "web page", "reset before", "503"],
)
def test_a_lost_answer_to_the_power_leaves_a_server_that_its_tag_finds(
    here: Rehearsal, fault: Fault, state: str
) -> None:
    here.simulator.faults.add(fault, method="POST", path=ANY_ACTION)
    with pytest.raises(ProviderUnavailable, match="was rented, but") as caught:
        here.provider.create(rental())
    assert caught.value.sent is True
    [server] = here.simulator.state.servers.values()
    assert server.state == state
    [found] = here.provider.servers(deployment=DeploymentId("1"))
    assert found.server_id in caught.value.message
    assert verbs(here).count("POST poweron") == 1
    here.provider.start(found.server_id)
    assert here.provider.server(found.server_id).status is ServerStatus.RUNNING


def test_a_server_that_can_neither_be_set_up_nor_ended_is_told(here: Rehearsal) -> None:
    here.simulator.faults.add(faults.status(400, "no"), method="PATCH", times=9)
    here.simulator.faults.add(faults.status(500), method="DELETE", times=99)
    with pytest.raises(
        ProviderUnavailable, match="not be set up; ending it failed: not work"
    ) as caught:
        here.provider.create(rental())
    assert caught.value.sent is True
    assert len(here.provider.servers(deployment=DeploymentId("1"))) == 1


def test_a_volume_that_a_failed_renting_leaves_is_named(here: Rehearsal) -> None:
    here.simulator.faults.add(faults.status(400, "no"), method="PATCH", times=9)
    here.simulator.faults.add(faults.status(403), method="DELETE", path="/block/.*", times=9)
    with pytest.raises(ProviderUnavailable) as caught:
        here.provider.create(on_block())
    [volume] = here.simulator.state.volumes
    assert f"left and billed: volume {volume}" in caught.value.message
    assert here.simulator.state.servers == {}


def test_a_server_busy_with_its_volume_is_switched_on_when_it_lets_itself(here: Rehearsal) -> None:
    here.simulator.faults.add(
        faults.status(409, "resource is in a transient_state"),
        method="POST",
        path=ANY_ACTION,
        times=4,
    )
    assert here.provider.create(on_block()).status is ServerStatus.PENDING
    assert verbs(here).count("POST poweron") == 5
    assert sum(here.clock.slept) > 2


def test_the_key_is_found_again_and_never_uploaded_twice(here: Rehearsal) -> None:
    for number in range(2):
        here.provider.create(rental(name=f"web-{number}"))
    assert verbs(here).count("POST ssh-keys") == 1


def test_a_key_is_found_by_its_fingerprint_where_the_text_cannot_be_read(here: Rehearsal) -> None:
    here.provider.create(rental())

    def without_text(body: dict[str, list[dict[str, object]]]) -> object:
        for key in body["ssh_keys"]:
            key["public_key"] = "shortened…"
        return body

    here.simulator.faults.add(faults.altered(without_text), method="GET", path=KEYS, times=9)
    here.provider.create(rental(name="other"))
    assert verbs(here).count("POST ssh-keys") == 1


def test_a_key_that_is_switched_off_lets_nobody_in_and_is_not_used(here: Rehearsal) -> None:
    here.provider.create(rental())
    [key] = here.simulator.state.keys.values()
    key.disabled = True
    with pytest.raises(ProviderError, match="already exists"):
        here.provider.create(rental(name="other"))
    assert len(here.simulator.state.servers) == 1


def test_a_key_of_another_project_is_none_of_this_one(here: Rehearsal) -> None:
    here.provider.create(rental())
    here.simulator.temper.projects[PROJECT] = "other"
    other = adapter(here.simulator, here.clock, project_id=PROJECT, page_size=100)
    other.create(rental(name="other"))
    other.close()
    assert {key.project for key in here.simulator.state.keys.values()} == {
        *here.simulator.temper.projects
    }


def test_the_named_project_is_rented_in_without_asking_for_others() -> None:
    temper = Temper(projects={PROJECT: "web", OTHER: "shop"})
    with rehearsal(temper=temper, project_id=PROJECT.upper()) as here:
        here.provider.create(rental())
        assert {s.project for s in here.simulator.state.servers.values()} == {PROJECT}
        assert here.simulator.count("GET", PROJECTS) == 0


def test_the_only_project_is_the_one(here: Rehearsal) -> None:
    here.simulator.temper.projects.clear()
    here.simulator.temper.projects[PROJECT] = "web"
    here.provider.create(rental())
    assert here.provider.account().identity.startswith("web@")
    assert here.simulator.count("GET", PROJECTS) == 1


def test_the_organizations_first_project_is_the_default(here: Rehearsal) -> None:
    here.simulator.temper.projects[PROJECT] = "web"
    assert here.provider.account().identity.startswith("default@")


def test_several_projects_and_no_default_must_be_told_apart_by_the_variable() -> None:
    with rehearsal(temper=Temper(projects={PROJECT: "web", OTHER: "shop"})) as here:
        with pytest.raises(ConfigurationError, match="reaches 2 projects") as caught:
            here.provider.account()
        assert caught.value.hint == "export SCW_DEFAULT_PROJECT_ID=…"
        # A create fails as clouds do, so that the journal knows that nothing was rented.
        with pytest.raises(ProjectUnknown, match="SCW_DEFAULT_PROJECT_ID"):
            here.provider.create(rental())
        assert here.provider.servers() == []


def test_a_project_that_the_key_does_not_reach_is_told() -> None:
    with rehearsal(project_id=OTHER) as here:
        with pytest.raises(ProjectUnknown, match=OTHER):
            here.provider.account()
        with pytest.raises(ProviderError, match="resource is not found"):
            here.provider.create(rental())
        here.simulator.temper.projects.clear()
        nobody = adapter(here.simulator, here.clock, page_size=100)
        with pytest.raises(ProjectUnknown, match="no project"):
            nobody.account()
        nobody.close()


@pytest.mark.parametrize("junk", ["web", "../x", f"{PROJECT}0", ""])
def test_what_is_not_the_id_of_a_project_is_refused_at_once(here: Rehearsal, junk: str) -> None:
    with pytest.raises(ConfigurationError, match="SCW_DEFAULT_PROJECT_ID is not the id"):
        adapter(here.simulator, here.clock, project_id=junk)


def test_each_failure_before_the_renting_says_that_nothing_was_sent(here: Rehearsal) -> None:
    for where in (PROJECTS, KEYS, TYPES, "/marketplace/v2/local-images"):
        fresh = adapter(here.simulator, here.clock, page_size=100)
        here.simulator.faults.add(faults.status(503), path=where, times=9)
        with pytest.raises(ProviderUnavailable) as caught:
            fresh.create(rental())
        assert caught.value.sent is False, where
        here.simulator.faults.clear()
        fresh.close()
    assert here.simulator.state.servers == {}
