"""What a person sees after a crash: what is left, and both ways on; word for word, over fakes."""

from datetime import timedelta

import pytest

from capsule_domain.errors import ProviderUnavailable
from capsule_domain.models.deployment import DeploymentState
from capsule_domain.models.money import Money
from capsule_domain.models.time_to_live import expiry_tag
from tests.cli.test_openmesh import Desk
from tests.fakes.offers import DEFAULT_OFFERS
from tests.fakes.provider import Lost
from tests.services.renting import MADE_HOST_KEY
from tests.services.test_reconcile import rent
from tests.services.test_unfinished import interrupted

ID = "0000000001"


def desk(lost: Lost = Lost.AFTER_ACTING) -> Desk:
    return Desk(street=interrupted(lost))


def test_deployments_names_both_ways_on() -> None:
    listed = desk().says("openmesh", "deployments")
    assert f"▸ capsule openmesh deploy --resume {ID}" in listed.stdout
    assert f"▸ capsule openmesh deploy --abandon {ID}" in listed.stdout


def test_resuming_asks_and_goes_on_until_it_is_ready() -> None:
    here = desk(Lost.BEFORE_ACTING)
    no = here.says("openmesh", "deploy", "--resume", ID, answer="n")
    assert (no.code, len(here.street.cloud.servers_by_id)) == (130, 0)
    done = here.says("openmesh", "deploy", "--resume", "web-1", answer="y")
    assert done.code == 0, done.stderr
    assert "✓ web-1 is ready at 127.77.0.1" in done.stdout
    again = here.says("openmesh", "deploy", "--resume", ID)
    assert (again.code, "ready already" in again.stderr) == (5, True)


@pytest.mark.parametrize("option", ["--resume", "--abandon"])
def test_a_dry_run_of_either_changes_nothing(option: str) -> None:
    here = desk()
    said = here.says("openmesh", "deploy", option, ID, "--dry-run")
    assert said.code == 0
    assert said.stdout.startswith("would ")
    assert here.street.journal.get(ID).state is DeploymentState.INTENDED
    assert len(here.street.cloud.servers_by_id) == 1


@pytest.mark.parametrize("option", ["--resume", "--abandon"])
def test_neither_takes_another_wish_nor_a_name_that_is_nobodys(option: str) -> None:
    here = desk()
    said = here.says("openmesh", "deploy", option, ID, "--min-cpu", "2")
    assert (said.code, "--min-cpu would change it" in said.stderr) == (2, True)
    said = here.says("openmesh", "deploy", "--resume", ID, "--abandon", ID)
    assert said.code == 2
    said = here.says("openmesh", "deploy", option, "nobody")
    assert (said.code, "no deployment named 'nobody'" in said.stderr) == (4, True)
    said = here.says("openmesh", "deploy", option, ID)
    assert (said.code, "add --yes" in said.stderr) == (2, True)


def test_abandoning_needs_the_name_typed_and_leaves_nothing() -> None:
    here = desk()
    assert here.says("openmesh", "deploy", "--abandon", ID, answer="web").code == 130
    done = here.says("openmesh", "deploy", "--abandon", ID, answer="web-1")
    assert done.code == 0, done.stderr
    assert f"✓ nothing is left of deployment {ID}" in done.stdout
    assert (here.street.cloud.servers_by_id, here.street.cloud.left) == ({}, {})
    again = here.says("openmesh", "deploy", "--abandon", ID, "--yes", "--json")
    assert (again.code, again.data["state"]) == (0, "abandoned")


def test_yes_stands_for_a_price_that_moved_a_little_and_no_more() -> None:
    for price, code in (("0.0075", 0), ("1.00", 5)):
        here = desk(Lost.BEFORE_ACTING)
        here.street.cloud.offers_ = [
            offer.model_copy(update={"price_per_hour": Money.of(price)}) for offer in DEFAULT_OFFERS
        ]
        said = here.says("openmesh", "deploy", "--resume", ID, "--yes")
        assert said.code == code, said.stderr


def test_reconcile_shows_each_server_and_what_leaks() -> None:
    here = desk()
    rent(here.street, "theirs", "capsule-00000000aa")
    rent(here.street, "foreign")
    said = here.says("openmesh", "reconcile")
    assert said.code == 0, said.stderr
    assert [line.split()[:3] for line in said.stdout.splitlines()[1:4]] == [
        ["orphan", "theirs", "FAKE"],
        ["unfinished", "web-1", "FAKE"],
        ["foreign", "foreign", "FAKE"],
    ]
    assert "a month for what nobody uses" in said.stdout
    assert "▸ capsule openmesh reconcile --adopt" in said.stdout
    rows = here.says("openmesh", "reconcile", "--json").data["rows"]
    fields = {"provider", "server_id", "name", "state", "detail", "price_per_month"}
    assert all(fields <= row.keys() for row in rows)


def test_reconcile_ends_orphans_and_what_is_left_after_their_names_were_typed() -> None:
    here = Desk()
    rent(here.street, "theirs", "capsule-00000000aa")
    assert here.says("openmesh", "reconcile", "--destroy").code == 2
    left = here.says("openmesh", "reconcile", "--destroy", answer="no")
    assert (left.code, "theirs is left as it is" in left.stdout) == (0, True)
    gone = here.says("openmesh", "reconcile", "--destroy", answer="theirs")
    assert "✓ theirs is gone" in gone.stdout
    gone = here.says("openmesh", "reconcile", "--destroy", answer="capsule-key")
    assert "✓ key capsule-key is gone" in gone.stdout
    assert "nothing to do" in here.says("openmesh", "reconcile", "--destroy", "--yes").stdout


def test_reconcile_does_one_thing_at_a_time() -> None:
    said = Desk().says("openmesh", "reconcile", "--adopt", "--destroy")
    assert (said.code, "one at a time" in said.stderr) == (2, True)


def test_reconcile_adopts_an_orphan_and_learns_its_host_key() -> None:
    here = Desk()
    server_id = rent(here.street, "theirs", "capsule-00000000aa")
    here.street.cloud.server(server_id)
    here.street.machine.host_key = MADE_HOST_KEY
    said = here.says("openmesh", "reconcile", "--adopt", "--dry-run")
    assert (said.code, here.street.inventory.list()) == (0, [])
    said = here.says("openmesh", "reconcile", "--adopt", answer="y")
    assert "✓ theirs is in the inventory; its host key was learnt" in said.stdout
    assert here.street.known_hosts.pinned("00000000aa")


def test_reconcile_writes_off_ghosts() -> None:
    here = Desk()
    here.street.run()
    here.street.cloud.servers_by_id.clear()
    here.street.clock.advance(3600)
    said = here.says("openmesh", "reconcile", "--forget", "--yes")
    assert "✓ web-1 is written off" in said.stdout
    assert here.street.inventory.list() == []


def test_a_cloud_that_is_silent_ends_reconcile_and_reap_with_its_error() -> None:
    here = Desk()
    here.street.cloud.fails = ProviderUnavailable("fakecloud", "503", hint="later")
    for command in ("reconcile", "reap"):
        said = here.says("openmesh", command)
        assert (said.code, "fakecloud: 503" in said.stderr) == (7, True)


def test_reap_ends_what_expired_after_a_yes() -> None:
    here = Desk()
    rent(here.street, "old", "capsule-00000000aa", expiry_tag(here.street.clock.now()))
    here.street.hosts.add("127.77.0.2", answers=here.street.machine.answers)
    here.street.run(here.street.plan(expires_at=here.street.clock.now() + timedelta(hours=1)))
    dry = here.says("openmesh", "reap", "--dry-run")
    assert "would end old, server 9001 at fakecloud, of another Capsule" in dry.stdout
    assert here.says("openmesh", "reap", answer="n").code == 130
    done = here.says("openmesh", "reap", answer="y")
    assert (done.code, "✓ old is gone" in done.stdout) == (0, True)
    here.street.clock.advance(2 * 3600)
    xnode = here.street.inventory.get("web-1")
    here.street.inventory.update(xnode.model_copy(update={"protected": True}))
    kept = here.says("openmesh", "reap", "--yes")
    assert (kept.code, "stays: it is protected" in kept.stderr) == (0, True)
    assert "nothing has expired" in kept.stdout
    assert here.says("openmesh", "reap", "--json").data == []
