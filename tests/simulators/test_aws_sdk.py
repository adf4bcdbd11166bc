"""boto3 by itself drives the rehearsal AWS: it must satisfy more than our own adapter."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from capsule_adapters.sandbox.aws import AwsSimulator, Temper
from capsule_adapters.sandbox.machines import NoMachines
from tests.fakes.clock import FakeClock
from tests.simulators.aws import REGIONS, plain_client
from tests.simulators.aws_model import judge

KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPCKkmTx1V9eYc2uZkq3N2yZ8S1xS5vDq1m1aT3y6Q5p sdk"
IMAGE = "ami-0a0a0a0a0a0a0a002"

Client = Callable[..., Any]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def simulator(clock: FakeClock) -> Iterator[AwsSimulator]:
    temper = Temper(regions=REGIONS, most_per_page=1)
    with AwsSimulator(NoMachines(), clock=clock, temper=temper) as running:
        yield running
    for exchange in running.exchanges:
        judge(exchange)


@pytest.fixture
def client(simulator: AwsSimulator) -> Client:
    return partial(plain_client, simulator)


def code_of(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return str(caught.value.response["Error"]["Code"])


def test_boto3_takes_an_instance_through_its_whole_life(
    client: Client, simulator: AwsSimulator, clock: FakeClock
) -> None:
    identity = client("sts").get_caller_identity()
    assert identity["Account"] == simulator.state.account_id
    ec2 = client("ec2")
    assert {r["RegionName"] for r in ec2.describe_regions()["Regions"]} == set(REGIONS)
    pair = ec2.import_key_pair(KeyName="sdk", PublicKeyMaterial=KEY)
    [network] = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    group = ec2.create_security_group(GroupName="sdk", Description="SSH", VpcId=network["VpcId"])[
        "GroupId"
    ]
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[{**rule, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    )

    run = ec2.run_instances(
        ImageId=IMAGE,
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        KeyName=pair["KeyName"],
        SecurityGroupIds=[group],
        UserData="#cloud-config\ndisable_root: false\n",
        MetadataOptions={"HttpTokens": "required"},
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "sdk-1"}]}
        ],
    )
    [instance] = run["Instances"]
    instance_id = instance["InstanceId"]
    assert instance["State"] == {"Code": 0, "Name": "pending"}
    assert "PublicIpAddress" not in instance
    assert instance["LaunchTime"] == clock.now()
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert [g["GroupId"] for g in instance["SecurityGroups"]] == [group]

    clock.advance(5)
    running = described(ec2, instance_id)
    assert running["State"]["Name"] == "running"
    assert running["PublicIpAddress"].startswith("127.77.")
    assert running["Tags"] == [{"Key": "Name", "Value": "sdk-1"}]

    stopped = ec2.stop_instances(InstanceIds=[instance_id])["StoppingInstances"][0]
    assert stopped["PreviousState"]["Name"] == "running"
    assert described(ec2, instance_id)["State"]["Name"] == "stopping"
    clock.advance(5)
    assert described(ec2, instance_id)["State"]["Name"] == "stopped"
    assert "PublicIpAddress" not in described(ec2, instance_id)
    ec2.start_instances(InstanceIds=[instance_id])
    clock.advance(5)
    ec2.reboot_instances(InstanceIds=[instance_id])
    ec2.create_tags(Resources=[instance_id], Tags=[{"Key": "later", "Value": ""}])
    assert described(ec2, instance_id)["State"]["Name"] == "running"

    ec2.terminate_instances(InstanceIds=[instance_id])
    with pytest.raises(ClientError) as caught:
        ec2.delete_security_group(GroupId=group)
    assert code_of(caught) == "DependencyViolation"
    clock.advance(5)
    assert described(ec2, instance_id)["State"]["Name"] == "terminated"
    ec2.delete_security_group(GroupId=group)
    ec2.delete_key_pair(KeyName="sdk")
    clock.advance(3700)
    with pytest.raises(ClientError) as caught:
        described(ec2, instance_id)
    assert code_of(caught) == "InvalidInstanceID.NotFound"
    assert simulator.state.rentals == {}


def described(ec2: Any, instance_id: str) -> Any:
    reservations = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"]
    return reservations[0]["Instances"][0]


def test_boto3_pages_through_what_is_sold(client: Client) -> None:
    ec2 = client("ec2")
    types = [
        found
        for page in ec2.get_paginator("describe_instance_types").paginate()
        for found in page["InstanceTypes"]
    ]
    assert len(types) == len({found["InstanceType"] for found in types}) == 8
    offerings = ec2.get_paginator("describe_instance_type_offerings").paginate(
        LocationType="availability-zone",
        Filters=[{"Name": "instance-type", "Values": ["t3.micro", "x2iezn.2xlarge"]}],
    )
    zones = [o["Location"] for page in offerings for o in page["InstanceTypeOfferings"]]
    assert sorted(zones) == ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    images = ec2.describe_images(Owners=["099720109477"])["Images"]
    assert len(images) == 5


def test_boto3_reads_the_price_list_only_where_there_is_one(client: Client) -> None:
    filters = [
        {"Type": "TERM_MATCH", "Field": "regionCode", "Value": "us-east-1"},
        {"Type": "TERM_MATCH", "Field": "instanceType", "Value": "t3.micro"},
    ]
    pages = (
        client("pricing", "us-east-1")
        .get_paginator("get_products")
        .paginate(ServiceCode="AmazonEC2", Filters=filters)
    )
    listed = [product for page in pages for product in page["PriceList"]]
    assert len(listed) == 3
    assert all(isinstance(product, str) for product in listed)
    with pytest.raises(ClientError):
        client("pricing", "eu-west-1").get_products(ServiceCode="AmazonEC2")


def test_a_client_token_is_honoured(client: Client, simulator: AwsSimulator) -> None:
    ec2 = client("ec2")
    asked = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
    first = ec2.run_instances(**asked, ClientToken="one")["Instances"][0]["InstanceId"]
    again = ec2.run_instances(**asked, ClientToken="one")["Instances"][0]["InstanceId"]
    other = ec2.run_instances(**asked, ClientToken="two")["Instances"][0]["InstanceId"]
    assert first == again != other
    assert len(simulator.state.rentals) == 2
    with pytest.raises(ClientError) as caught:
        ec2.run_instances(**{**asked, "InstanceType": "t3.medium"}, ClientToken="one")
    assert code_of(caught) == "IdempotentParameterMismatch"
    # In another region it is another token.
    elsewhere = client("ec2", "us-east-1").run_instances(**asked, ClientToken="one")
    assert elsewhere["Instances"][0]["InstanceId"] not in (first, other)


def test_what_would_work_is_told_without_doing_it(client: Client, simulator: AwsSimulator) -> None:
    asked = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
    with pytest.raises(ClientError) as caught:
        client("ec2").run_instances(**asked, DryRun=True)
    assert code_of(caught) == "DryRunOperation"
    assert simulator.state.rentals == {}
