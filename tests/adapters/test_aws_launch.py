"""Renting at AWS: what is asked for, once, zone after zone."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
from pydantic import SecretStr

from capsule_adapters.sandbox import faults
from capsule_domain.errors import (
    CredentialsRefused,
    OutOfStock,
    ProviderError,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
)
from capsule_domain.models.deployment import DeploymentId
from capsule_domain.models.server import ServerRequest
from tests.simulators.aws import PATIENT, Rehearsal, adapter, plain_client, rehearsal, whole_pages

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPCKkmTx1V9eYc2uZkq3N2yZ8S1xS5vDq1m1aT3y6Q5p me@home"
ECDSA = (
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7"
    "opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg="
)
REQUEST = ServerRequest(
    name="web-1",
    region="eu-west-1",
    slug="t3.micro",
    ssh_public_key=KEY,
    user_data=SecretStr("#cloud-config\ndisable_root: false\n"),
    tags=("capsule-01hzx3", "web", "a:b"),
)


@pytest.fixture
def aws() -> Iterator[Rehearsal]:
    with rehearsal(temper=whole_pages()) as made:
        yield made


def asked(aws: Rehearsal, operation: str = "RunInstances") -> list[dict[str, str]]:
    """The forms of every such request, in order."""
    return [
        dict(parse_qsl(exchange.request.body.decode()))
        for exchange in aws.simulator.exchanges
        if exchange.request.path.endswith(f"/{operation}")
    ]


def test_what_is_asked_for_is_whole_and_safe(aws: Rehearsal) -> None:
    aws.provider.create(REQUEST)
    [form] = asked(aws)
    assert form["MinCount"] == form["MaxCount"] == "1"
    assert form["MetadataOptions.HttpTokens"] == "required"
    assert form["BlockDeviceMapping.1.DeviceName"] == "/dev/sda1"
    assert form["BlockDeviceMapping.1.Ebs.VolumeSize"] == "30"
    assert form["BlockDeviceMapping.1.Ebs.VolumeType"] == "gp3"
    assert form["BlockDeviceMapping.1.Ebs.DeleteOnTermination"] == "true"
    assert 1 <= len(form["ClientToken"]) <= 64
    for number, kind in ((1, "instance"), (2, "volume")):
        prefix = f"TagSpecification.{number}"
        assert form[f"{prefix}.ResourceType"] == kind
        tags = {
            form[f"{prefix}.Tag.{n}.Key"]: form.get(f"{prefix}.Tag.{n}.Value", "")
            for n in range(1, 5)
        }
        assert tags == {"Name": "web-1", "capsule": "01hzx3", "web": "", "a:b": ""}


@pytest.mark.parametrize(
    ("slug", "image"),
    [("t3.micro", "ami-0a0a0a0a0a0a0a002"), ("t4g.small", "ami-0a0a0a0a0a0a0a004")],
)
def test_the_newest_ubuntu_that_canonical_released_is_taken(
    aws: Rehearsal, slug: str, image: str
) -> None:
    aws.provider.create(REQUEST.model_copy(update={"slug": slug}))
    assert [form["ImageId"] for form in asked(aws)] == [image]


@pytest.mark.parametrize(
    ("slug", "image"),
    [("t3.micro", "ami-0a0a0a0a0a0a0a008"), ("t4g.small", "ami-0a0a0a0a0a0a0a009")],
)
def test_the_newest_image_by_nixos_itself_is_taken_for_its_word(
    aws: Rehearsal, slug: str, image: str
) -> None:
    aws.provider.create(REQUEST.model_copy(update={"slug": slug, "image": "nixos"}))
    assert [form["ImageId"] for form in asked(aws)] == [image]


def test_an_image_that_is_named_is_taken_and_a_wrong_one_refused(aws: Rehearsal) -> None:
    debian = {"image": "ami-0a0a0a0a0a0a0a007"}
    aws.provider.create(REQUEST.model_copy(update=debian))
    assert [form["ImageId"] for form in asked(aws)] == ["ami-0a0a0a0a0a0a0a007"]
    for image in ("ami-0123456789abcdef0", "ubuntu"):
        with pytest.raises(ProviderError):
            aws.provider.create(REQUEST.model_copy(update={"image": image}))
    assert len(aws.simulator.state.rentals) == 1


def test_a_full_zone_is_followed_by_the_next_with_a_token_of_its_own(aws: Rehearsal) -> None:
    aws.simulator.temper.full = {("t3.micro", "eu-west-1a"), ("t3.micro", "eu-west-1b")}
    server = aws.provider.create(REQUEST)
    forms = asked(aws)
    assert len({form["SubnetId"] for form in forms}) == 3
    assert len({form["ClientToken"] for form in forms}) == 3
    assert [s.server_id for s in aws.provider.servers()] == [server.server_id]


def test_when_every_zone_is_full_it_is_out_of_stock(aws: Rehearsal) -> None:
    aws.simulator.temper.full = {("t3.micro", f"eu-west-1{zone}") for zone in "abc"}
    with pytest.raises(OutOfStock, match=r"sufficient t3\.micro capacity") as caught:
        aws.provider.create(REQUEST)
    assert caught.value.hint == "try another region: capsule openmesh templates --live"
    assert aws.simulator.state.rentals == {}


def test_the_same_server_of_a_deployment_is_rented_once_whoever_asks(aws: Rehearsal) -> None:
    first = aws.provider.create(REQUEST)
    other = adapter(aws.simulator, aws.clock)
    assert other.create(REQUEST).server_id == first.server_id
    second = other.create(REQUEST.model_copy(update={"name": "web-2"}))
    assert second.server_id != first.server_id
    without = REQUEST.model_copy(update={"tags": ("web",)})
    assert other.create(without).server_id != other.create(without).server_id
    other.close()


def test_a_deployment_begun_with_other_values_leaves_the_outcome_open(aws: Rehearsal) -> None:
    aws.provider.create(REQUEST)
    other = REQUEST.model_copy(update={"user_data": SecretStr("#cloud-config\n# another\n")})
    with pytest.raises(ProviderUnavailable) as caught:
        aws.provider.create(other)
    assert caught.value.sent
    assert len(aws.simulator.state.rentals) == 1
    [found] = aws.provider.servers(deployment=DeploymentId("01hzx3"))
    assert found.name == "web-1"


def test_a_lost_answer_is_asked_for_again_and_one_server_rented() -> None:
    with rehearsal(patience=PATIENT, temper=whole_pages()) as aws:
        aws.simulator.faults.add(faults.lost_answer(), path=".*/RunInstances")
        server = aws.provider.create(REQUEST)
        assert len({form["ClientToken"] for form in asked(aws)}) == 1
        assert len(asked(aws)) == 2
        assert [s.server_id for s in aws.provider.servers()] == [server.server_id]
        assert len(aws.simulator.state.rentals) == 1


@pytest.mark.parametrize(
    "after",
    [faults.status(401), faults.status(400, "PendingThing: wait"), faults.reset_before()],
)
def test_what_one_attempt_may_have_done_a_later_refusal_does_not_undo(
    after: faults.Fault,
) -> None:
    with rehearsal(patience=PATIENT, temper=whole_pages()) as aws:
        aws.simulator.faults.add(faults.lost_answer(), path=".*/RunInstances")
        aws.simulator.faults.add(after, path=".*/RunInstances")
        with pytest.raises(ProviderError) as caught:
            aws.provider.create(REQUEST)
        assert isinstance(caught.value, ProviderUnavailable)
        assert caught.value.sent
        assert len(aws.simulator.state.rentals) == 1


def test_throttling_is_waited_for_and_then_told_as_not_sent() -> None:
    with rehearsal(patience=PATIENT, temper=whole_pages()) as aws:
        throttled = faults.status(503, "RequestLimitExceeded: Request limit exceeded.")
        aws.simulator.faults.add(throttled, path=".*/RunInstances")
        aws.provider.create(REQUEST)
        aws.simulator.faults.add(throttled, path=".*/RunInstances", times=2)
        with pytest.raises(RateLimited) as caught:
            aws.provider.create(REQUEST.model_copy(update={"name": "web-2"}))
        assert not caught.value.sent
        assert len(aws.simulator.state.rentals) == 1


def test_a_key_and_a_group_that_are_not_known_yet_are_waited_for(aws: Rehearsal) -> None:
    aws.simulator.temper.unknown_seconds = 5
    server = aws.provider.create(REQUEST)
    assert len(asked(aws)) == 4
    assert len(asked(aws, "CreateSecurityGroup")) == 1
    assert len(asked(aws, "ImportKeyPair")) == 1
    assert aws.provider.server(server.server_id).name == "web-1"


def test_what_never_becomes_known_is_an_error_in_the_end(aws: Rehearsal) -> None:
    aws.simulator.temper.unknown_seconds = 3600
    with pytest.raises(ProviderError, match="does not exist"):
        aws.provider.create(REQUEST)
    assert aws.simulator.state.rentals == {}


def test_quotas_are_told_apart(aws: Rehearsal) -> None:
    aws.simulator.temper.vcpu_limit = 1
    with pytest.raises(QuotaExceeded, match="vCPU limit of 1"):
        aws.provider.create(REQUEST)
    aws.simulator.faults.add(
        faults.status(400, "PendingVerification: Your request is being validated"),
        path=".*/RunInstances",
    )
    with pytest.raises(QuotaExceeded, match="being validated"):
        aws.provider.create(REQUEST)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"region": "eu-north-1"}, "no region eu-north-1 is enabled"),
        ({"region": "x.evil.example/"}, "no region"),
        ({"slug": "t9.micro"}, "do not exist"),
        ({"ssh_public_key": ECDSA}, "RSA or Ed25519"),
        ({"user_data": SecretStr("x" * (16 * 1024 + 1))}, "user data of 16385 bytes"),
        ({"tags": tuple(f"t{n}" for n in range(50))}, "at most 49 tags"),
        ({"tags": ("Name",)}, "a tag must match"),
        ({"tags": ("capsule",)}, "a tag must match"),
        ({"tags": ("AWS:mine",)}, "a tag must match"),
    ],
)
def test_what_aws_cannot_take_is_refused_and_nothing_rented(
    aws: Rehearsal, changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(ProviderError, match=message) as caught:
        aws.provider.create(REQUEST.model_copy(update=changed))
    assert not isinstance(caught.value, ProviderUnavailable)
    assert asked(aws) == []


def test_a_type_that_no_zone_offers_is_out_of_stock(aws: Rehearsal) -> None:
    with pytest.raises(OutOfStock, match=r"p5\.48xlarge is not offered in eu-west-1"):
        aws.provider.create(REQUEST.model_copy(update={"slug": "p5.48xlarge"}))


def test_without_a_default_network_the_remedy_is_told(aws: Rehearsal) -> None:
    ec2 = plain_client(aws.simulator)
    for subnet in ec2.describe_subnets()["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    aws.simulator.exchanges.clear()
    with pytest.raises(ProviderError, match="no default network") as caught:
        aws.provider.create(REQUEST)
    assert caught.value.hint == "aws ec2 create-default-vpc --region eu-west-1"


def test_an_answer_to_renting_that_makes_no_sense_leaves_the_outcome_open(aws: Rehearsal) -> None:
    for alter in (
        lambda text: text.replace("instanceId", "instanceIdea"),
        lambda text: text.replace("instancesSet", "instancesSets"),
    ):
        aws.simulator.faults.add(faults.altered(alter), path=".*/RunInstances")
        with pytest.raises(ProviderUnavailable) as caught:
            aws.provider.create(REQUEST)
        assert caught.value.sent


def test_the_key_without_the_right_to_rent_is_told_which(aws: Rehearsal) -> None:
    aws.simulator.temper.forbidden = {"ec2:RunInstances"}
    with pytest.raises(CredentialsRefused, match="lacks the right ec2:RunInstances"):
        aws.provider.create(REQUEST)
