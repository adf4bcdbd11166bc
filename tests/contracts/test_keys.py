"""What every `Keys` does."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest

from capsule_adapters.ssh.keys import SshKeys
from capsule_domain.errors import ConfigurationError, NotFound
from capsule_domain.ports.host import Keys
from tests.fakes.keys import FakeKeys


@dataclass
class Ring:
    """Keys, and a way to put a file where they look."""

    keys: Keys
    put: Callable[[str, str], str]


@pytest.fixture(params=["fake", "files"])
def ring(request: pytest.FixtureRequest, tmp_path: Path) -> Ring:
    if request.param == "files":

        def put_on_disk(name: str, text: str) -> str:
            (tmp_path / name).write_text(text)
            return str(tmp_path / name)

        return Ring(SshKeys(tmp_path / "ssh"), put_on_disk)
    fake = FakeKeys()

    def put_in_memory(name: str, text: str) -> str:
        fake.files[f"/keys/{name}"] = text
        return f"/keys/{name}"

    return Ring(fake, put_in_memory)


def pair(kind: str = "ssh-ed25519", passphrase: str | None = None) -> tuple[str, str]:
    key = asyncssh.generate_private_key(kind, comment="me@home")
    form = "pkcs8-pem" if passphrase else "openssh"
    private = key.export_private_key(form, passphrase=passphrase).decode()
    return private, key.export_public_key().decode()


def bare(public: str) -> str:
    return " ".join(public.split()[:2])


def test_capsules_own_key_is_made_once(ring: Ring) -> None:
    first = ring.keys.deploy_key()
    assert first.public_openssh.startswith("ssh-ed25519 ")
    assert ring.keys.deploy_key() == first


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256"])
def test_the_public_half_of_a_private_key_is_found(ring: Ring, kind: str) -> None:
    private, public = pair(kind)
    path = ring.put("id", private)
    key = ring.keys.deploy_key(path)
    assert key.public_openssh == bare(public)
    assert key.private_path == path


def test_a_pub_file_names_the_private_key_beside_it(ring: Ring) -> None:
    private, public = pair()
    path = ring.put("id", private)
    ring.put("id.pub", public)
    key = ring.keys.deploy_key(f"{path}.pub")
    assert (key.private_path, key.public_openssh) == (path, bare(public))


def test_a_key_with_a_passphrase_is_known_by_its_pub_file(ring: Ring) -> None:
    private, public = pair(passphrase="secret sentinel")
    path = ring.put("id", private)
    ring.put("id.pub", public)
    assert ring.keys.deploy_key(path).public_openssh == bare(public)


def test_a_key_with_a_passphrase_and_no_pub_file_is_refused(ring: Ring) -> None:
    path = ring.put("id", pair(passphrase="secret sentinel")[0])
    with pytest.raises(ConfigurationError):
        ring.keys.deploy_key(path)


@pytest.mark.parametrize("text", ["", "junk\n", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"])
@pytest.mark.parametrize("name", ["id", "id.pub"])
def test_what_is_not_a_key_is_refused(ring: Ring, text: str, name: str) -> None:
    path = ring.put(name, text)
    with pytest.raises(ConfigurationError):
        ring.keys.deploy_key(path)


def test_a_key_that_is_not_there_is_not_found(ring: Ring) -> None:
    path = ring.put("id", pair()[0])
    with pytest.raises(NotFound):
        ring.keys.deploy_key(f"{path}-other")


def test_host_keys_are_pairs_and_never_the_same(ring: Ring) -> None:
    first, second = ring.keys.new_host_key(), ring.keys.new_host_key()
    assert first.public_openssh != second.public_openssh
    private = asyncssh.import_private_key(first.private_openssh.get_secret_value())
    assert bare(private.export_public_key().decode()) == first.public_openssh
    assert private.get_algorithm() == "ssh-ed25519"


def test_a_host_key_does_not_show_its_private_half(ring: Ring) -> None:
    key = ring.keys.new_host_key()
    secret = key.private_openssh.get_secret_value().splitlines()[1]
    assert secret not in repr(key)
    assert secret not in key.model_dump_json()
