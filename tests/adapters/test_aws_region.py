"""What a region keeps for us at AWS: SSH keys, and one security group while it is needed."""

import base64
import hashlib
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest

from capsule_adapters.providers.aws.firewall import GROUP_NAME
from capsule_adapters.sandbox import faults
from capsule_domain.errors import ProviderError
from tests.adapters.test_aws_launch import KEY, REQUEST, asked
from tests.simulators.aws import Rehearsal, plain_client, rehearsal, whole_pages

FINGERPRINT = base64.b64encode(hashlib.sha256(base64.b64decode(KEY.split()[1])).digest()).decode()


@pytest.fixture
def aws() -> Iterator[Rehearsal]:
    with rehearsal(temper=whole_pages()) as made:
        yield made


def groups(aws: Rehearsal, region: str = "eu-west-1") -> list[Any]:
    described = plain_client(aws.simulator, region=region).describe_security_groups()
    return [g for g in described["SecurityGroups"] if g["GroupName"] == GROUP_NAME]


def keys(aws: Rehearsal, region: str = "eu-west-1") -> list[str]:
    pairs = plain_client(aws.simulator, region=region).describe_key_pairs()["KeyPairs"]
    return [pair["KeyName"] for pair in pairs]


def test_a_key_is_imported_once_in_each_region(aws: Rehearsal) -> None:
    for name in ("one", "two"):
        aws.provider.create(REQUEST.model_copy(update={"name": name}))
    aws.provider.create(REQUEST.model_copy(update={"region": "us-east-1"}))
    assert len(asked(aws, "ImportKeyPair")) == 2
    assert keys(aws) == keys(aws, "us-east-1")
    [material] = {form["PublicKeyMaterial"] for form in asked(aws, "ImportKeyPair")}
    # Its comment stays here.
    assert base64.b64decode(material).decode() == " ".join(KEY.split()[:2])


def test_a_key_of_another_name_is_found_by_its_text(aws: Rehearsal) -> None:
    plain_client(aws.simulator).import_key_pair(KeyName="laptop", PublicKeyMaterial=KEY.encode())
    aws.simulator.exchanges.clear()
    aws.provider.create(REQUEST)
    assert asked(aws, "ImportKeyPair") == []
    assert asked(aws)[0]["KeyName"] == "laptop"


@pytest.mark.parametrize("shown", [FINGERPRINT, FINGERPRINT.rstrip("=")])
def test_a_key_without_its_text_is_found_by_its_fingerprint(aws: Rehearsal, shown: str) -> None:
    item = f"<item><keyName>old</keyName><keyFingerprint>{shown}</keyFingerprint></item>"
    aws.simulator.faults.add(
        faults.altered(lambda text: _with_keys(text, item)),
        path=".*/DescribeKeyPairs",
        times=100,
    )
    with pytest.raises(ProviderError, match="the key pair 'old' does not exist"):
        aws.provider.create(REQUEST)
    assert asked(aws, "ImportKeyPair") == []


def test_when_someone_else_was_quicker_the_key_is_found_then(aws: Rehearsal) -> None:
    plain_client(aws.simulator).import_key_pair(KeyName="theirs", PublicKeyMaterial=KEY.encode())
    aws.simulator.exchanges.clear()
    hide = faults.altered(lambda text: _with_keys(text, ""))
    aws.simulator.faults.add(hide, path=".*/DescribeKeyPairs")
    duplicate = faults.status(400, "InvalidKeyPair.Duplicate: The keypair already exists")
    aws.simulator.faults.add(duplicate, path=".*/ImportKeyPair")
    aws.provider.create(REQUEST)
    assert asked(aws)[0]["KeyName"] == "theirs"


def _with_keys(text: str, items: str) -> str:
    return re.sub(r"<keySet(/>|>.*</keySet>)", f"<keySet>{items}</keySet>", text)


def test_a_key_that_cannot_be_kept_is_an_error_and_nothing_rented(aws: Rehearsal) -> None:
    full = faults.status(400, "KeyPairLimitExceeded: no more keys")
    aws.simulator.faults.add(full, path=".*/ImportKeyPair")
    with pytest.raises(ProviderError, match="no more keys"):
        aws.provider.create(REQUEST)
    assert aws.simulator.state.rentals == {}


def test_the_group_opens_ssh_to_everybody_and_nothing_else(aws: Rehearsal) -> None:
    aws.provider.create(REQUEST)
    [group] = groups(aws)
    assert group["Tags"] == [{"Key": "capsule", "Value": "ssh"}]
    [rule] = group["IpPermissions"]
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 22, 22)
    assert [place["CidrIp"] for place in rule["IpRanges"]] == ["0.0.0.0/0"]
    assert [place["CidrIpv6"] for place in rule["Ipv6Ranges"]] == ["::/0"]


def test_the_group_is_found_again_and_opened_anew_where_it_was_closed(aws: Rehearsal) -> None:
    aws.provider.create(REQUEST)
    [group] = groups(aws)
    ec2 = plain_client(aws.simulator)
    ec2.revoke_security_group_ingress(
        GroupId=group["GroupId"], IpPermissions=group["IpPermissions"]
    )
    _unjudged(aws)
    aws.provider.create(REQUEST.model_copy(update={"name": "two"}))
    [again] = groups(aws)
    assert again["GroupId"] == group["GroupId"]
    assert len(again["IpPermissions"]) == 1
    assert len(asked(aws, "CreateSecurityGroup")) == 0


def _unjudged(aws: Rehearsal) -> None:
    """What is not our adapter's asking is not in the trimmed description."""
    aws.simulator.exchanges.clear()


def test_a_rule_that_is_there_already_is_no_error(aws: Rehearsal) -> None:
    duplicate = faults.status(400, "InvalidPermission.Duplicate: the rule already exists")
    aws.simulator.faults.add(duplicate, path=".*/AuthorizeSecurityGroupIngress")
    assert aws.provider.create(REQUEST)


def test_another_s_group_of_our_name_is_neither_used_nor_deleted(aws: Rehearsal) -> None:
    ec2 = plain_client(aws.simulator)
    theirs = ec2.create_security_group(GroupName=GROUP_NAME, Description="theirs")["GroupId"]
    with pytest.raises(ProviderError, match="is not Capsule's") as caught:
        aws.provider.create(REQUEST)
    assert caught.value.hint == f"rename it: {theirs}"
    assert aws.simulator.state.rentals == {}
    aws.provider.destroy("eu-west-1:i-0123456789abcdef0")
    assert [group["GroupId"] for group in groups(aws)] == [theirs]


def test_when_the_group_was_made_meanwhile_and_is_in_no_list_we_begin_anew(
    aws: Rehearsal,
) -> None:
    duplicate = faults.status(400, "InvalidGroup.Duplicate: The security group already exists")
    aws.simulator.faults.add(duplicate, path=".*/CreateSecurityGroup")
    assert aws.provider.create(REQUEST)
    assert len(groups(aws)) == 1


def test_the_group_goes_with_the_last_server_of_its_region(aws: Rehearsal) -> None:
    first, second = (
        aws.provider.create(REQUEST.model_copy(update={"name": name})) for name in ("one", "two")
    )
    abroad = aws.provider.create(REQUEST.model_copy(update={"region": "us-east-1"}))
    aws.provider.destroy(first.server_id)
    assert len(groups(aws)) == 1
    assert asked(aws, "DeleteSecurityGroup") == []
    aws.provider.destroy(second.server_id)
    assert groups(aws) == []
    assert len(groups(aws, "us-east-1")) == 1
    assert aws.provider.server(abroad.server_id)


def test_a_stopped_server_keeps_the_group(aws: Rehearsal) -> None:
    first, second = (
        aws.provider.create(REQUEST.model_copy(update={"name": name})) for name in ("one", "two")
    )
    aws.provider.stop(first.server_id)
    aws.provider.destroy(second.server_id)
    assert len(groups(aws)) == 1


def test_the_group_waits_until_the_last_server_has_ended(aws: Rehearsal) -> None:
    aws.simulator.temper.end_seconds = 45
    server = aws.provider.create(REQUEST)
    before = aws.clock.monotonic()
    aws.provider.destroy(server.server_id)
    assert 45 <= aws.clock.monotonic() - before < 60
    assert groups(aws) == []


@pytest.mark.parametrize("refusal", ["DependencyViolation: in use", "UnauthorizedOperation: no"])
def test_a_group_that_cannot_be_deleted_does_not_keep_a_server_from_ending(
    aws: Rehearsal, caplog: pytest.LogCaptureFixture, refusal: str
) -> None:
    server = aws.provider.create(REQUEST)
    aws.simulator.faults.add(faults.status(400, refusal), path=".*/DeleteSecurityGroup", times=1000)
    aws.provider.destroy(server.server_id)
    assert list(aws.provider.servers()) == []
    assert f"{GROUP_NAME} stays in eu-west-1" in caplog.text
    assert aws.clock.monotonic() < 200


def test_a_group_that_someone_else_deleted_is_no_error(
    aws: Rehearsal, caplog: pytest.LogCaptureFixture
) -> None:
    server = aws.provider.create(REQUEST)
    aws.simulator.faults.add(
        faults.status(400, "InvalidGroup.NotFound: it does not exist"),
        path=".*/DeleteSecurityGroup",
    )
    aws.provider.destroy(server.server_id)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
