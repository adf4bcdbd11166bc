"""The rehearsal AWS is as unkind as the real one, where moto by itself would be kind."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from capsule_adapters.sandbox import faults
from capsule_adapters.sandbox.aws import AwsSimulator, Temper
from capsule_adapters.sandbox.aws.engine import is_installed
from capsule_adapters.sandbox.machines import NoMachines
from tests.fakes.clock import FakeClock
from tests.simulators.aws import REGIONS, plain_client

KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPCKkmTx1V9eYc2uZkq3N2yZ8S1xS5vDq1m1aT3y6Q5p me"
ASKED: dict[str, Any] = {
    "ImageId": "ami-0a0a0a0a0a0a0a002",
    "InstanceType": "t3.micro",
    "MinCount": 1,
    "MaxCount": 1,
}


class RecordingMachines(NoMachines):
    """Remembers what is done to machines, and with which keys they are made."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str]] = []
        self.keys: list[tuple[str, ...]] = []

    def boot(self, server_id: str, **of_it: Any) -> str:
        self.done.append(("boot", server_id))
        self.keys.append(tuple(of_it["public_keys"]))
        return super().boot(server_id, **of_it)

    def switch_on(self, server_id: str) -> None:
        self.done.append(("on", server_id))

    def switch_off(self, server_id: str) -> None:
        self.done.append(("off", server_id))

    def remove(self, server_id: str) -> None:
        self.done.append(("remove", server_id))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def machines() -> RecordingMachines:
    return RecordingMachines()


@pytest.fixture
def cloud(clock: FakeClock, machines: RecordingMachines) -> Iterator[AwsSimulator]:
    with AwsSimulator(machines, clock=clock, temper=Temper(regions=REGIONS)) as running:
        yield running


def refused(ask: Callable[..., Any], **parameters: Any) -> tuple[str, int]:
    """The code and the status of a refusal."""
    with pytest.raises(ClientError) as caught:
        ask(**parameters)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def run(ec2: Any, **more: Any) -> str:
    return str(ec2.run_instances(**{**ASKED, **more})["Instances"][0]["InstanceId"])


def state_of(ec2: Any, instance_id: str) -> str:
    reservations = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"]
    return str(reservations[0]["Instances"][0]["State"]["Name"])


@pytest.mark.parametrize(
    ("service", "operation", "wrong_id", "wrong_secret"),
    [
        ("ec2", "describe_regions", "AuthFailure", "AuthFailure"),
        ("sts", "get_caller_identity", "InvalidClientTokenId", "SignatureDoesNotMatch"),
        ("pricing", "get_products", "UnrecognizedClientException", "InvalidSignatureException"),
    ],
)
def test_a_wrong_key_is_refused_in_each_services_words(
    cloud: AwsSimulator, service: str, operation: str, wrong_id: str, wrong_secret: str
) -> None:
    asked = {"ServiceCode": "AmazonEC2"} if service == "pricing" else {}
    stranger = plain_client(cloud, service, "us-east-1", key_id="AKIASTRANGER")
    assert refused(getattr(stranger, operation), **asked)[0] == wrong_id
    forger = plain_client(cloud, service, "us-east-1", secret="guessed")
    assert refused(getattr(forger, operation), **asked)[0] == wrong_secret
    assert getattr(plain_client(cloud, service, "us-east-1"), operation)(**asked)


def test_a_request_that_was_changed_on_its_way_is_refused(cloud: AwsSimulator) -> None:
    ec2 = plain_client(cloud)

    def change(request: Any, **_: Any) -> None:
        request.body = request.body.replace("DescribeRegions", "DescribeSubnets")

    ec2.meta.events.register("before-send", change)
    assert refused(ec2.describe_regions) == ("AuthFailure", 401)


def test_a_clock_that_is_wrong_is_told(cloud: AwsSimulator) -> None:
    cloud.temper.skew_seconds = 900
    assert refused(plain_client(cloud).describe_regions) == ("RequestExpired", 400)


def test_a_right_that_is_lacking_is_named(cloud: AwsSimulator) -> None:
    cloud.temper.forbidden = {"ec2:RunInstances", "pricing:GetProducts"}
    ec2 = plain_client(cloud)
    assert refused(ec2.run_instances, **ASKED) == ("UnauthorizedOperation", 403)
    assert ec2.describe_instances()["Reservations"] == []
    pricing = plain_client(cloud, "pricing", "us-east-1")
    assert refused(pricing.get_products, ServiceCode="AmazonEC2")[0] == "AccessDeniedException"


def test_too_many_requests_are_turned_away(clock: FakeClock) -> None:
    with AwsSimulator(NoMachines(), clock=clock, requests_per_second=2) as cloud:
        ec2 = plain_client(cloud)
        ec2.describe_regions()
        ec2.describe_regions()
        assert refused(ec2.describe_regions) == ("RequestLimitExceeded", 503)
        clock.advance(1)
        assert ec2.describe_regions()


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"InstanceType": "t9.micro"}, ("InvalidParameterValue", 400)),
        ({"ImageId": "ami-0123456789abcdef0"}, ("InvalidAMIID.NotFound", 400)),
        ({"ImageId": "ami-0a0a0a0a0a0a0a004"}, ("InvalidParameterValue", 400)),
        ({"KeyName": "nobody's"}, ("InvalidKeyPair.NotFound", 400)),
        ({"SubnetId": "subnet-0123456789abcdef0"}, ("InvalidSubnetID.NotFound", 400)),
        ({"SecurityGroupIds": ["sg-0123456789abcdef0"]}, ("InvalidGroup.NotFound", 400)),
        ({"UserData": "x" * (16 * 1024 + 1)}, ("InvalidParameterValue", 400)),
        ({"ClientToken": "x" * 65}, ("InvalidParameterValue", 400)),
        ({"InstanceType": "x2iezn.2xlarge"}, ("Unsupported", 400)),
        ({"tags": [("aws:mine", "")]}, ("InvalidParameterValue", 400)),
        ({"tags": [("k" * 129, "")]}, ("InvalidParameterValue", 400)),
        ({"tags": [("k", "v" * 257)]}, ("InvalidParameterValue", 400)),
        ({"tags": [("k", "1"), ("k", "2")]}, ("InvalidParameterValue", 400)),
        ({"tags": [(f"k{n}", "") for n in range(51)]}, ("TagLimitExceeded", 400)),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_started(
    cloud: AwsSimulator, changed: dict[str, Any], expected: tuple[str, int]
) -> None:
    asked = {**ASKED, **changed}
    tags = asked.pop("tags", None)
    if tags is not None:
        named = [{"Key": key, "Value": value} for key, value in tags]
        asked["TagSpecifications"] = [{"ResourceType": "instance", "Tags": named}]
    assert refused(plain_client(cloud).run_instances, **asked) == expected
    assert cloud.state.rentals == {}


def test_a_zone_may_be_full_and_a_quota_used_up(cloud: AwsSimulator) -> None:
    ec2 = plain_client(cloud)
    cloud.temper.full = {("t3.micro", "eu-west-1a")}
    assert refused(ec2.run_instances, **ASKED) == ("InsufficientInstanceCapacity", 500)
    cloud.temper.full = set()
    cloud.temper.vcpu_limit = 3
    run(ec2)
    assert refused(ec2.run_instances, **ASKED) == ("VcpuLimitExceeded", 400)
    run(plain_client(cloud, region="us-east-1"))
    cloud.temper.vcpu_limit, cloud.temper.instance_limit = 100, 1
    assert refused(ec2.run_instances, **ASKED) == ("InstanceLimitExceeded", 400)


def test_power_goes_to_the_machine_and_takes_its_time(
    cloud: AwsSimulator, clock: FakeClock, machines: RecordingMachines
) -> None:
    ec2 = plain_client(cloud)
    instance_id = run(ec2)
    stop = {"InstanceIds": [instance_id]}
    assert refused(ec2.stop_instances, **stop) == ("IncorrectInstanceState", 400)
    clock.advance(2)
    assert state_of(ec2, instance_id) == "running"
    ec2.stop_instances(**stop)
    ec2.stop_instances(**stop)
    assert refused(ec2.start_instances, **stop) == ("IncorrectInstanceState", 400)
    clock.advance(2)
    ec2.start_instances(**stop)
    assert state_of(ec2, instance_id) == "pending"
    clock.advance(2)
    ec2.reboot_instances(**stop)
    ec2.terminate_instances(**stop)
    ec2.terminate_instances(**stop)
    assert refused(ec2.start_instances, **stop) == ("IncorrectInstanceState", 400)
    cloud.stop()
    assert [what for what, _ in machines.done] == ["boot", "off", "on", "off", "on", "remove"]
    assert {who for _, who in machines.done} == {instance_id}


def test_a_new_instance_is_late_in_lists_and_its_id_not_known_at_once(
    cloud: AwsSimulator, clock: FakeClock
) -> None:
    cloud.temper.settling_seconds, cloud.temper.unknown_seconds = 10, 3
    ec2 = plain_client(cloud)
    instance_id = run(ec2)
    one = {"InstanceIds": [instance_id]}
    assert refused(ec2.describe_instances, **one) == ("InvalidInstanceID.NotFound", 400)
    assert refused(ec2.terminate_instances, **one) == ("InvalidInstanceID.NotFound", 400)
    clock.advance(3)
    assert state_of(ec2, instance_id) == "running"
    assert ec2.describe_instances()["Reservations"] == []
    clock.advance(7)
    assert len(ec2.describe_instances()["Reservations"]) == 1


def test_a_new_key_and_a_new_group_are_not_known_at_once(
    cloud: AwsSimulator, clock: FakeClock
) -> None:
    ec2 = plain_client(cloud)
    cloud.temper.unknown_seconds = 3
    ec2.import_key_pair(KeyName="mine", PublicKeyMaterial=KEY)
    with_key = {**ASKED, "KeyName": "mine"}
    assert refused(ec2.run_instances, **with_key) == ("InvalidKeyPair.NotFound", 400)
    clock.advance(3)
    group = ec2.create_security_group(GroupName="mine", Description="mine")["GroupId"]
    with_group = {**with_key, "SecurityGroupIds": [group]}
    assert refused(ec2.run_instances, **with_group) == ("InvalidGroup.NotFound", 400)
    clock.advance(3)
    assert ec2.run_instances(**with_group)["Instances"]


def test_an_address_is_another_after_a_stop_where_that_is_asked_for(
    cloud: AwsSimulator, clock: FakeClock
) -> None:
    cloud.temper.new_address_on_start = True
    ec2 = plain_client(cloud)
    instance_id = run(ec2)
    addresses = set()
    for switch in (ec2.stop_instances, ec2.start_instances, ec2.describe_instances):
        clock.advance(2)
        [reservation] = ec2.describe_instances()["Reservations"]
        addresses.add(reservation["Instances"][0].get("PublicIpAddress"))
        switch(InstanceIds=[instance_id])
    assert None in addresses
    assert len(addresses) == 3


@pytest.mark.parametrize(
    ("user_data", "keys"),
    [
        ("#cloud-config\ndisable_root: false\n", 1),
        ("#cloud-config\ndisable_root: true\n", 0),
        ("#cloud-config\n", 0),
        ("", 0),
        ("#cloud-config\n: [", 0),
    ],
)
def test_ubuntu_keeps_root_out_unless_it_is_told_otherwise(
    cloud: AwsSimulator, machines: RecordingMachines, user_data: str, keys: int
) -> None:
    ec2 = plain_client(cloud)
    ec2.import_key_pair(KeyName="mine", PublicKeyMaterial=KEY)
    run(ec2, KeyName="mine", UserData=user_data)
    cloud.stop()
    assert [len(given) for given in machines.keys] == [keys]


def test_the_account_is_there_again_after_a_restart(
    tmp_path: Path, clock: FakeClock, machines: RecordingMachines
) -> None:
    file = tmp_path / "aws.json"

    def opened() -> AwsSimulator:
        return AwsSimulator(machines, clock=clock, state_file=file, token="t" * 20)

    with opened() as cloud:
        ec2 = plain_client(cloud)
        ec2.import_key_pair(KeyName="mine", PublicKeyMaterial=KEY)
        group = ec2.create_security_group(GroupName="mine", Description="mine")["GroupId"]
        running = run(ec2, KeyName="mine", SecurityGroupIds=[group], ClientToken="once")
        ended = run(ec2)
        ec2.create_tags(Resources=[running], Tags=[{"Key": "web", "Value": ""}])
        clock.advance(2)
        state_of(ec2, running)
        stopped = run(ec2, UserData="#cloud-config\n# a secret of the machine")
        clock.advance(2)
        ec2.stop_instances(InstanceIds=[stopped])
        ec2.terminate_instances(InstanceIds=[ended])
    assert file.stat().st_mode & 0o077 == 0
    assert "a secret of the machine" not in file.read_text()
    before = len(machines.done)
    with opened() as cloud:
        ec2 = plain_client(cloud)
        clock.advance(2)
        reservations = ec2.describe_instances()["Reservations"]
        found = {i["InstanceId"]: i for r in reservations for i in r["Instances"]}
        assert {i: found[i]["State"]["Name"] for i in found} == {
            running: "running",
            stopped: "stopped",
            ended: "terminated",
        }
        assert found[running]["PublicIpAddress"].startswith("127.77.")
        assert found[running]["Tags"] == [{"Key": "web", "Value": ""}]
        assert [g["GroupId"] for g in found[running]["SecurityGroups"]] == [group]
        assert [k["KeyName"] for k in ec2.describe_key_pairs()["KeyPairs"]] == ["mine"]
        again = run(ec2, KeyName="mine", SecurityGroupIds=[group], ClientToken="once")
        assert again == running
    assert machines.done[before:] == []


def test_tags_of_an_instance_long_gone_are_no_hindrance_to_a_restart(
    tmp_path: Path, clock: FakeClock, machines: RecordingMachines
) -> None:
    def opened() -> AwsSimulator:
        return AwsSimulator(machines, clock=clock, state_file=tmp_path / "a", token="t" * 20)

    with opened() as cloud:
        ec2 = plain_client(cloud)
        ended = run(ec2)
        ec2.create_tags(Resources=[ended], Tags=[{"Key": "web", "Value": ""}])
        ec2.terminate_instances(InstanceIds=[ended])
        for _ in range(3):
            clock.advance(3600)
            ec2.describe_instances()
    with opened() as cloud:
        assert plain_client(cloud).describe_instances()["Reservations"] == []


def test_an_instance_that_was_starting_when_the_process_died_starts_again(
    tmp_path: Path, clock: FakeClock, machines: RecordingMachines
) -> None:
    file = tmp_path / "aws.json"
    with AwsSimulator(machines, clock=clock, state_file=file, token="t" * 20) as cloud:
        instance_id = run(plain_client(cloud))
    with AwsSimulator(machines, clock=clock, state_file=file, token="t" * 20) as cloud:
        clock.advance(2)
        assert state_of(plain_client(cloud), instance_id) == "running"
    assert [what for what, _ in machines.done] == ["boot", "remove", "boot"]


@pytest.mark.parametrize("content", ["{", "[]", '{"account_id": 1}'])
def test_an_account_that_cannot_be_read_is_not_taken_for_an_empty_one(
    tmp_path: Path, content: str
) -> None:
    file = tmp_path / "aws.json"
    file.write_text(content)
    with pytest.raises(ValueError, match=r"account|line 1"):
        AwsSimulator(NoMachines(), state_file=file)
    assert file.read_text() == content


def test_an_account_that_moto_cannot_bring_back_is_told_and_kept(
    tmp_path: Path, clock: FakeClock
) -> None:
    file = tmp_path / "aws.json"
    with AwsSimulator(NoMachines(), clock=clock, state_file=file, token="t" * 20) as cloud:
        instance_id = run(plain_client(cloud))
    kept = file.read_text().replace(instance_id, "i-0123456789abcdef0")
    file.write_text(kept)
    with AwsSimulator(NoMachines(), clock=clock, state_file=file, token="t" * 20) as cloud:
        assert refused(plain_client(cloud).describe_instances) == ("InternalError", 500)
    assert file.read_text() == kept


def test_the_key_is_in_no_recorded_exchange(cloud: AwsSimulator) -> None:
    plain_client(cloud).describe_regions()
    assert cloud.exchanges
    assert not any(cloud.token in repr(exchange) for exchange in cloud.exchanges)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b""),
        ({}, b"Action=RunInstances"),
        ({"authorization": "AWS4-HMAC-SHA256 junk"}, b"Action=%00%ff"),
        ({"authorization": "Bearer x", "x-amz-target": "AWSPriceListService.GetProducts"}, b"["),
    ],
)
def test_junk_requests_do_not_stop_the_cloud(
    cloud: AwsSimulator, headers: dict[str, str], body: bytes
) -> None:
    answer = httpx.post(cloud.url, headers=headers, content=body)
    assert 400 <= answer.status_code < 500
    assert plain_client(cloud).describe_regions()


def test_an_unknown_operation_is_refused_and_does_not_stop_the_cloud(cloud: AwsSimulator) -> None:
    ec2 = plain_client(cloud)

    def rename(params: Any, **_: Any) -> None:
        params["body"]["Action"] = "MakeCoffee"

    ec2.meta.events.register("before-call.ec2.DescribeVpcs", rename)
    assert refused(ec2.describe_vpcs) == ("InvalidAction", 400)
    assert ec2.describe_regions()


def test_faults_are_worded_by_the_service_that_is_asked(cloud: AwsSimulator) -> None:
    cloud.faults.add(faults.status(400, "PendingVerification: wait"), path=".*/RunInstances")
    assert refused(plain_client(cloud).run_instances, **ASKED) == ("PendingVerification", 400)
    cloud.faults.add(faults.status(429), path="/pricing/.*")
    pricing = plain_client(cloud, "pricing", "us-east-1")
    assert refused(pricing.get_products, ServiceCode="AmazonEC2") == ("Throttling", 429)
    cloud.faults.add(faults.status(403), path="/sts/.*")
    assert refused(plain_client(cloud, "sts").get_caller_identity)[1] == 403


def test_moto_is_not_loaded_before_aws_is_asked() -> None:
    program = (
        "import sys\n"
        "from capsule_adapters.sandbox.aws import AwsSimulator\n"
        "from capsule_adapters.sandbox.machines import NoMachines\n"
        "with AwsSimulator(NoMachines()) as cloud:\n"
        "    print(sorted({'moto', 'flask', 'boto3', 'botocore', 'werkzeug'} & set(sys.modules)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize("missing", ["moto", "flask", "flask_cors"])
def test_without_the_extra_the_rehearsal_knows_that_it_cannot(missing: str) -> None:
    assert is_installed()
    assert not is_installed(lambda name: None if name == missing else name)
