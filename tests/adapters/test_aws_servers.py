"""Servers at AWS: found, read, switched, ended, in every region."""

import logging
import threading
from collections.abc import Iterator

import pytest

from capsule_adapters.providers.aws.readings import Instance
from capsule_adapters.sandbox import faults
from capsule_domain.errors import CredentialsRefused, NotFound, ProviderError, ProviderUnavailable
from capsule_domain.models.deployment import DeploymentId
from capsule_domain.models.server import Server, ServerStatus
from tests.adapters.test_aws_launch import REQUEST, asked
from tests.simulators.aws import Rehearsal, adapter, plain_client, rehearsal, whole_pages


@pytest.fixture
def aws() -> Iterator[Rehearsal]:
    with rehearsal(temper=whole_pages()) as made:
        yield made


def running(aws: Rehearsal, region: str = "eu-west-1") -> Server:
    server = aws.provider.create(REQUEST.model_copy(update={"region": region}))
    aws.clock.sleep(2)
    return aws.provider.server(server.server_id)


@pytest.mark.parametrize(
    "junk",
    [
        "i-0123456789abcdef0",
        "eu-west-1:",
        "eu-west-1:i-xyz",
        "eu-west-1:i-0123456789abcdef0 ",
        "evil.example/:i-0123456789abcdef0",
        "eu-west-1.evil:i-0123456789abcdef0",
        "EU-WEST-1:i-0123456789abcdef0",
    ],
)
def test_what_cannot_be_an_id_is_never_sent(aws: Rehearsal, junk: str) -> None:
    for call in (aws.provider.server, aws.provider.destroy, aws.provider.stop):
        with pytest.raises(NotFound):
            call(junk)
    assert len(aws.simulator.exchanges) == 0


def test_an_id_that_aws_does_not_know_is_not_found(aws: Rehearsal) -> None:
    unknown = "eu-west-1:i-0123456789abcdef0"
    for call in (aws.provider.server, aws.provider.start, aws.provider.stop, aws.provider.restart):
        with pytest.raises(NotFound, match=unknown):
            call(unknown)
    aws.provider.destroy(unknown)
    assert aws.clock.slept == []


def test_an_id_that_aws_gave_a_moment_ago_is_waited_for(aws: Rehearsal) -> None:
    aws.simulator.temper.unknown_seconds = 8
    server = aws.provider.create(REQUEST)
    assert aws.provider.server(server.server_id).name == "web-1"
    aws.provider.stop(server.server_id)
    other = adapter(aws.simulator, aws.clock)
    second = aws.provider.create(REQUEST.model_copy(update={"name": "web-2"}))
    with pytest.raises(NotFound):
        other.server(second.server_id)
    other.close()


def test_a_server_that_is_ended_a_moment_after_it_was_rented_really_ends(aws: Rehearsal) -> None:
    aws.simulator.temper.unknown_seconds = 8
    server = aws.provider.create(REQUEST)
    aws.provider.destroy(server.server_id)
    aws.clock.advance(60)
    assert aws.simulator.state.rentals[server.server_id.partition(":")[2]].is_over


def test_what_has_ended_is_gone_though_aws_still_shows_it(aws: Rehearsal) -> None:
    server = running(aws)
    aws.provider.destroy(server.server_id)
    shown = plain_client(aws.simulator).describe_instances()["Reservations"]
    assert len(shown) == 1
    assert list(aws.provider.servers()) == []
    with pytest.raises(NotFound):
        aws.provider.server(server.server_id)


def test_a_server_has_its_new_address_after_a_stop(aws: Rehearsal) -> None:
    aws.simulator.temper.new_address_on_start = True
    server = running(aws)
    aws.provider.stop(server.server_id)
    assert aws.provider.server(server.server_id).address is None
    aws.provider.start(server.server_id)
    again = aws.provider.server(server.server_id)
    assert again.address not in (None, server.address)
    # AWS tells when it was last started; it was made before.
    assert again.created_at == server.created_at


def test_switching_waits_for_what_aws_is_at(aws: Rehearsal) -> None:
    aws.simulator.temper.boot_seconds = aws.simulator.temper.switch_seconds = 20
    server = aws.provider.create(REQUEST)
    aws.provider.stop(server.server_id)
    assert aws.provider.server(server.server_id).status is ServerStatus.STOPPED
    plain_client(aws.simulator).start_instances(InstanceIds=[server.server_id.partition(":")[2]])
    aws.provider.stop(server.server_id)
    assert aws.provider.server(server.server_id).status is ServerStatus.STOPPED
    assert len(asked(aws, "StopInstances")) == 2


def test_a_state_that_changed_while_we_looked_is_looked_at_again(aws: Rehearsal) -> None:
    server = running(aws)
    aws.simulator.faults.add(
        faults.status(400, "IncorrectInstanceState: not now"), path=".*/StopInstances"
    )
    aws.provider.stop(server.server_id)
    assert aws.provider.server(server.server_id).status is ServerStatus.STOPPED
    aws.simulator.faults.add(
        faults.status(400, "UnsupportedOperation: an instance store"), path=".*/StartInstances"
    )
    with pytest.raises(ProviderError, match="an instance store"):
        aws.provider.start(server.server_id)


def test_a_switch_that_never_ends_is_given_up(aws: Rehearsal) -> None:
    server = running(aws)
    aws.simulator.temper.switch_seconds = 10_000
    with pytest.raises(ProviderUnavailable, match="is stopping, not stopped, after 300 s"):
        aws.provider.stop(server.server_id)
    assert len(asked(aws, "StopInstances")) == 1


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("pending", ServerStatus.PENDING),
        ("running", ServerStatus.RUNNING),
        ("stopping", ServerStatus.RUNNING),
        ("stopped", ServerStatus.STOPPED),
        ("shutting-down", ServerStatus.GONE),
        ("terminated", ServerStatus.GONE),
        ("levitating", ServerStatus.UNKNOWN),
    ],
)
def test_states_are_read_and_unknown_ones_are_unknown(word: str, status: ServerStatus) -> None:
    raw = {
        "InstanceId": "i-01234567",
        "InstanceType": "t3.micro",
        "State": {"Name": word, "Code": 16, "Mood": "good"},
        "Brand": "new",
    }
    server = Instance.model_validate(raw).read("eu-west-1", None)
    assert server.status is status
    assert (server.server_id, server.name) == ("eu-west-1:i-01234567", "i-01234567")
    assert (server.tags, server.address, server.created_at) == ((), None, None)


def test_every_region_is_asked_and_each_server_once(aws: Rehearsal) -> None:
    here, there = running(aws), running(aws, "us-east-1")
    assert {s.server_id for s in aws.provider.servers()} == {here.server_id, there.server_id}
    assert here.region == "eu-west-1"
    assert there.region == "us-east-1"
    assert here.price_per_hour is not None
    assert there.price_per_hour is not None
    assert here.price_per_hour > there.price_per_hour
    found = aws.provider.servers(deployment=DeploymentId("01hzx3"))
    assert {s.server_id for s in found} == {here.server_id, there.server_id}


def test_regions_are_asked_side_by_side(aws: Rehearsal) -> None:
    together = threading.Barrier(3, timeout=10)
    api = aws.provider._api
    assert api.side_by_side("abc", lambda key: (together.wait(), key)[1]) == {
        "a": "a",
        "b": "b",
        "c": "c",
    }


def test_reads_keep_to_the_bucket_that_each_operation_has_in_each_region(aws: Rehearsal) -> None:
    server_id = running(aws).server_id
    aws.clock.advance(60.0)
    slept = len(aws.clock.slept)
    for _ in range(101):
        aws.provider.server(server_id)
    assert sum(aws.clock.slept[slept:]) == pytest.approx(5.0)


def test_tags_that_others_made_are_shown_with_their_values(aws: Rehearsal) -> None:
    server = running(aws)
    others = [{"Key": "env", "Value": "prod"}, {"Key": "empty", "Value": ""}]
    plain_client(aws.simulator).create_tags(
        Resources=[server.server_id.partition(":")[2]], Tags=others
    )
    assert set(aws.provider.server(server.server_id).tags) == {
        "capsule-01hzx3",
        "web",
        "a:b",
        "env=prod",
        "empty",
    }


def test_tags_that_others_made_are_taken_away_or_kept_and_never_confused(aws: Rehearsal) -> None:
    server_id = running(aws).server_id
    plain_client(aws.simulator).create_tags(
        Resources=[server_id.partition(":")[2]],
        Tags=[{"Key": "env", "Value": "prod"}, {"Key": "team", "Value": "a"}],
    )
    aws.provider.set_tags(server_id, ("capsule-01hzx3", "env=prod"))
    assert set(aws.provider.server(server_id).tags) == {"capsule-01hzx3", "env=prod"}
    with pytest.raises(ProviderError, match="env and another tag would need the same key"):
        aws.provider.set_tags(server_id, ("env", "env=prod"))
    with pytest.raises(ProviderError, match="at most 49 tags"):
        aws.provider.set_tags(server_id, [f"t{n}" for n in range(50)])
    assert set(aws.provider.server(server_id).tags) == {"capsule-01hzx3", "env=prod"}


def test_a_region_that_the_organisation_forbids_is_left_out_aloud(
    aws: Rehearsal, caplog: pytest.LogCaptureFixture
) -> None:
    server = running(aws, "us-east-1")
    aws.simulator.temper.denied_regions = {"eu-west-1"}
    with caplog.at_level(logging.WARNING):
        assert [s.server_id for s in aws.provider.servers()] == [server.server_id]
    assert "eu-west-1 is left out" in caplog.text
    aws.simulator.temper.denied_regions = {"us-east-1"}
    with pytest.raises(CredentialsRefused):
        list(aws.provider.servers())


@pytest.mark.parametrize("fault", [faults.status(403), faults.status(500), faults.half_json()])
def test_a_list_is_whole_or_an_error(aws: Rehearsal, fault: faults.Fault) -> None:
    running(aws)
    aws.simulator.faults.add(fault, path="/ec2/eu-west-1/DescribeInstances")
    with pytest.raises(ProviderError):
        list(aws.provider.servers())


def test_a_list_that_repeats_a_page_is_an_error(aws: Rehearsal) -> None:
    page = (
        b'<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15">'
        b"<reservationSet/><nextToken>again</nextToken></DescribeInstancesResponse>"
    )
    again = faults.Fault(faults.Trouble.BODY, body=page)
    aws.simulator.faults.add(again, path=".*/DescribeInstances", times=9)
    with pytest.raises(ProviderError, match="repeats a page instead of ending"):
        list(aws.provider.servers())


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("instanceType>", "type>", "Reservations.Instances.InstanceType"),
        ("instanceState>", "state>", "Reservations.Instances.State.Name"),
        ("reservationSet>", "reservations>", "Reservations"),
    ],
)
def test_a_field_that_is_missing_is_named(aws: Rehearsal, old: str, new: str, field: str) -> None:
    server = running(aws)
    aws.simulator.faults.add(
        faults.altered(lambda text: text.replace(old, new)), path=".*/DescribeInstances"
    )
    with pytest.raises(ProviderError, match=f"lacks (the list )?{field}$"):
        aws.provider.server(server.server_id)


def test_without_the_right_to_prices_servers_are_listed_without_them(aws: Rehearsal) -> None:
    server = running(aws)
    aws.simulator.temper.forbidden = {"pricing:GetProducts"}
    other = adapter(aws.simulator, aws.clock)
    assert [(s.server_id, s.price_per_hour) for s in other.servers()] == [(server.server_id, None)]
    assert other.server(server.server_id).price_per_hour is None
    assert sum(e.request.path.endswith("/GetProducts") for e in aws.simulator.exchanges) == 2
    other.close()


def test_the_account_is_who_asks_and_a_lacking_right_is_named(aws: Rehearsal) -> None:
    account = aws.provider.account()
    assert account.identity == f"user/moto@{aws.simulator.state.account_id}"
    aws.simulator.temper.forbidden = {"ec2:DescribeInstances"}
    with pytest.raises(CredentialsRefused, match="the right ec2:DescribeInstances"):
        aws.provider.account()


def test_a_restart_never_changes_the_address(aws: Rehearsal) -> None:
    aws.simulator.temper.new_address_on_start = True
    server = running(aws)
    for force in (False, True):
        aws.provider.restart(server.server_id, force=force)
    assert aws.provider.server(server.server_id).address == server.address
    assert len(asked(aws, "RebootInstances")) == 2
