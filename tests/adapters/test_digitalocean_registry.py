"""The registry of clouds: who is there, and what connecting needs."""

import subprocess
import sys

import pytest
from pydantic import SecretStr

from capsule_adapters.providers import PROVIDERS, connect
from capsule_adapters.sandbox.digitalocean import DigitalOceanSimulator
from capsule_adapters.sandbox.machines import NoMachines
from capsule_domain.errors import ConfigurationError, CredentialsMissing, NotFound
from tests.fakes.clock import FakeClock


def test_each_cloud_has_a_line_of_its_own() -> None:
    assert "digitalocean" in PROVIDERS
    for name, entry in PROVIDERS.items():
        assert entry.name == name
        assert entry.title
        assert entry.token_variables
        assert entry.endpoint_variable == f"CAPSULE_{name.upper()}_ENDPOINT"
        assert entry.capabilities.settling_seconds >= 60


def test_listing_clouds_loads_no_http_library() -> None:
    code = (
        "import sys, capsule_adapters.providers\n"
        "print([m for m in ('httpx', 'tenacity', 'boto3', 'asyncssh') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize("variable", PROVIDERS["digitalocean"].token_variables)
@pytest.mark.parametrize("secret", [False, True])
def test_a_key_connects_from_either_variable(variable: str, secret: bool) -> None:  # noqa: FBT001
    clock = FakeClock()
    with DigitalOceanSimulator(NoMachines(), clock=clock) as cloud:
        token = SecretStr(cloud.token) if secret else f"{cloud.token}\n"
        provider = connect(
            "digitalocean", credentials={variable: token}, endpoint=cloud.url, clock=clock
        )
        assert provider.account().active
        assert provider.name == "digitalocean"
        assert provider.capabilities is PROVIDERS["digitalocean"].capabilities


@pytest.mark.parametrize("credentials", [{}, {"DIGITALOCEAN_API_KEY": "  "}, {"OTHER": "x"}])
def test_without_a_key_the_variable_is_named(credentials: dict[str, str]) -> None:
    with pytest.raises(CredentialsMissing) as caught:
        connect("digitalocean", credentials=credentials, endpoint=None, clock=FakeClock())
    assert (caught.value.hint or "").startswith("export DIGITALOCEAN_API_KEY=…, or: ")


def test_an_unknown_cloud_is_not_found_with_the_nearest() -> None:
    with pytest.raises(NotFound, match="did you mean digitalocean"):
        connect("digitalocaen", credentials={}, endpoint=None, clock=FakeClock())


def test_plain_http_goes_to_this_machine_only() -> None:
    with pytest.raises(ConfigurationError, match="https"):
        connect(
            "digitalocean",
            credentials={"DIGITALOCEAN_TOKEN": "x"},
            endpoint="http://api.digitalocean.com",
            clock=FakeClock(),
        )
