"""AWS in the registry: its key in two halves, and what boto3 finds by itself."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from pydantic import SecretStr

from capsule_adapters.providers import PROVIDERS, connect
from capsule_adapters.sandbox.aws import AwsSimulator, Temper
from capsule_adapters.sandbox.machines import NoMachines
from capsule_cli.options import GlobalOptions
from capsule_cli.wiring import wire
from capsule_domain.errors import ConfigurationError, CredentialsMissing, ProviderError
from tests.fakes.clock import FakeClock

ENTRY = PROVIDERS["aws"]
ID, SECRET, SESSION = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"


@pytest.fixture(scope="module")
def cloud() -> Iterator[AwsSimulator]:
    with AwsSimulator(
        NoMachines(), clock=FakeClock(), temper=Temper(regions=("us-east-1",))
    ) as running:
        yield running


@pytest.fixture(autouse=True)
def no_instance_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def identity(credentials: Mapping[str, SecretStr | str], cloud: AwsSimulator) -> str:
    made = connect("aws", credentials=credentials, endpoint=cloud.url, clock=FakeClock())
    return made.account().identity


def test_the_entry_says_where_each_half_of_the_key_is() -> None:
    assert ENTRY.key_variables == (ID, SECRET)
    assert ENTRY.companion_variables == (SESSION,)
    assert ENTRY.endpoint_variable == "CAPSULE_AWS_ENDPOINT"
    assert ENTRY.endpoint is None
    assert not ENTRY.capabilities.bills_when_stopped


def test_a_key_connects_in_two_halves_or_in_one_line(cloud: AwsSimulator) -> None:
    token = cloud.token
    halves: dict[str, SecretStr | str] = {ID: token, SECRET: SecretStr(token)}
    one_line: dict[str, SecretStr | str] = {ID: f"{token}:{token}"}
    for given in (halves, {**halves, SESSION: "a session"}, one_line):
        assert identity(given, cloud).endswith(cloud.state.account_id)


@pytest.mark.parametrize(("given", "missing"), [({ID: "x"}, SECRET), ({SECRET: "x"}, ID)])
def test_half_a_key_is_no_key_and_the_other_half_is_named(
    given: dict[str, str], missing: str
) -> None:
    with pytest.raises(CredentialsMissing) as caught:
        connect("aws", credentials=given, endpoint=None, clock=FakeClock())
    assert (caught.value.hint or "").startswith(f"export {missing}=…, or: ")


def test_nothing_anywhere_is_told() -> None:
    with pytest.raises(CredentialsMissing) as caught:
        connect("aws", credentials={}, endpoint=None, clock=FakeClock())
    assert (caught.value.hint or "").startswith(f"export {ID}=…, or: ")


@pytest.mark.parametrize("value", ["a\nline", "a\ttab", "ключ"])
def test_a_key_that_cannot_be_one_is_refused_without_being_shown(value: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        connect("aws", credentials={ID: "AKIA", SECRET: value}, endpoint=None, clock=FakeClock())
    assert value not in caught.value.message


@pytest.mark.parametrize("endpoint", ["http://ec2.amazonaws.com", "ftp://127.0.0.1", "nonsense"])
def test_plain_http_goes_to_this_machine_only(endpoint: str) -> None:
    with pytest.raises(ConfigurationError, match="endpoint of aws"):
        connect("aws", credentials={ID: "x", SECRET: "x"}, endpoint=endpoint, clock=FakeClock())


def write_profile(home: Path, cloud: AwsSimulator, name: str) -> None:
    (home / ".aws").mkdir()
    (home / ".aws/credentials").write_text(
        f"[{name}]\naws_access_key_id = {cloud.token}\naws_secret_access_key = {cloud.token}\n"
    )


@pytest.mark.parametrize("profile", ["default", "work"])
def test_what_boto3_reads_is_read(
    cloud: AwsSimulator, own_home: Path, monkeypatch: pytest.MonkeyPatch, profile: str
) -> None:
    write_profile(own_home, cloud, profile)
    if profile != "default":
        monkeypatch.setenv("AWS_PROFILE", profile)
    assert ENTRY.found_elsewhere(os.environ)
    assert identity({}, cloud).endswith(cloud.state.account_id)


def test_a_profile_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(ConfigurationError, match="nobody") as caught:
        connect("aws", credentials={}, endpoint=None, clock=FakeClock())
    assert caught.value.hint == "aws configure list"


def test_with_keys_and_an_endpoint_nothing_of_the_persons_is_read(
    cloud: AwsSimulator, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own_home / ".aws").mkdir()
    (own_home / ".aws/config").write_text("[default]\nregion = eu-north-1\nca_bundle = /nowhere\n")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("AWS_REGION", "xx-nowhere-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert identity({ID: cloud.token, SECRET: cloud.token}, cloud)
    assert cloud.exchanges[-1].request.path == "/ec2/us-east-1/DescribeInstances"


@pytest.mark.parametrize(
    ("environment", "files", "found"),
    [
        ({}, {}, False),
        ({"AWS_PROFILE": "work"}, {}, True),
        ({"AWS_PROFILE": " "}, {}, False),
        ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/token"}, {}, True),
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1"}, {}, True),
        ({}, {"credentials": "[default]\naws_access_key_id = x\n"}, True),
        ({}, {"credentials": "[other]\naws_access_key_id = x\n"}, False),
        ({}, {"config": "[default]\nregion = eu-west-1\n"}, False),
        ({}, {"config": "[default]\nsso_session = work\n"}, True),
        ({}, {"config": "[default]\nrole_arn = x\n"}, True),
        ({}, {"config": "not a configuration"}, False),
        ({}, {"credentials": "\0" * 10}, False),
        ({}, {"credentials": "[default]\naws_access_key_id = x\n" + "#" * 2_000_000}, False),
    ],
)
def test_what_the_machine_has_for_aws_is_seen_without_boto3(
    tmp_path: Path,
    environment: dict[str, str],
    files: dict[str, str],
    found: bool,  # noqa: FBT001
) -> None:
    (tmp_path / ".aws").mkdir()
    for name, content in files.items():
        (tmp_path / ".aws" / name).write_text(content)
    assert ENTRY.found_elsewhere({"HOME": str(tmp_path), **environment}) is found


def test_files_elsewhere_are_looked_into_too(tmp_path: Path) -> None:
    file = tmp_path / "mine"
    file.write_text("[default]\ncredential_process = /bin/true\n")
    environment = {"HOME": str(tmp_path), "AWS_CONFIG_FILE": str(file)}
    assert ENTRY.found_elsewhere(environment)


def wired(home: Path, environment: Mapping[str, str]) -> list[str]:
    return list(wire(GlobalOptions(home=home), environment).configured())


def test_the_command_line_counts_aws_as_configured_by_key_or_by_profile(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path)}
    assert "aws" not in wired(tmp_path, home)
    assert "aws" in wired(tmp_path, {**home, ID: "x", SECRET: "y"})
    assert "aws" in wired(tmp_path, {**home, "AWS_PROFILE": "work"})
    file = tmp_path / "providers.yml"
    file.write_text("aws:\n  api_key: AKIAID:secret\n")
    file.chmod(0o600)
    assert "aws" in wired(tmp_path, home)


def test_the_command_line_connects_with_the_environments_keys_and_endpoint(
    cloud: AwsSimulator, tmp_path: Path
) -> None:
    environment = {
        "HOME": str(tmp_path),
        ID: cloud.token,
        SECRET: cloud.token,
        "CAPSULE_AWS_ENDPOINT": cloud.url,
    }
    aws = wire(GlobalOptions(home=tmp_path), environment).provider("aws")
    assert aws.account().active
    wrong = wire(GlobalOptions(home=tmp_path), {**environment, SECRET: "wrong"}).provider("aws")
    with pytest.raises(ProviderError, match="the key is not accepted"):
        wrong.account()
