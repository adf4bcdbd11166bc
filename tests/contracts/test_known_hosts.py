"""What every `KnownHosts` does."""

from pathlib import Path

import asyncssh
import pytest

from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_domain.errors import ConfigurationError
from capsule_domain.ports.host import KnownHosts
from tests.fakes.known_hosts import FakeKnownHosts


@pytest.fixture(params=["fake", "file"])
def known_hosts(request: pytest.FixtureRequest, tmp_path: Path) -> KnownHosts:
    return FakeKnownHosts() if request.param == "fake" else KnownHostsFile(tmp_path / "known_hosts")


def fresh_key(comment: str = "") -> str:
    key = asyncssh.generate_private_key("ssh-ed25519", comment=comment or None)
    return key.export_public_key().decode()


def bare(key: str) -> str:
    return " ".join(key.split()[:2])


def test_nothing_is_trusted_at_first(known_hosts: KnownHosts) -> None:
    assert list(known_hosts.pinned("web-1")) == []


def test_a_pinned_key_is_trusted_without_its_comment(known_hosts: KnownHosts) -> None:
    key = fresh_key(comment="root@image")
    known_hosts.pin("web-1", key)
    assert list(known_hosts.pinned("web-1")) == [bare(key)]


def test_a_key_is_trusted_for_its_own_alias_alone(known_hosts: KnownHosts) -> None:
    known_hosts.pin("web-1", fresh_key())
    assert list(known_hosts.pinned("web-10")) == []
    assert list(known_hosts.pinned("web")) == []


def test_pinning_again_replaces_the_key(known_hosts: KnownHosts) -> None:
    known_hosts.pin("web-1", fresh_key())
    second = fresh_key()
    known_hosts.pin("web-1", second)
    assert list(known_hosts.pinned("web-1")) == [bare(second)]


def test_two_keys_are_trusted_while_one_takes_the_place_of_the_other(
    known_hosts: KnownHosts,
) -> None:
    first, second = fresh_key(), fresh_key()
    known_hosts.pin("web-1", first, second)
    assert list(known_hosts.pinned("web-1")) == [bare(first), bare(second)]
    known_hosts.pin("web-1", second)
    assert list(known_hosts.pinned("web-1")) == [bare(second)]


def test_forgetting_touches_no_other_alias(known_hosts: KnownHosts) -> None:
    kept = fresh_key()
    known_hosts.pin("web-1", fresh_key())
    known_hosts.pin("db-1", kept)
    known_hosts.forget("web-1")
    assert list(known_hosts.pinned("web-1")) == []
    assert list(known_hosts.pinned("db-1")) == [bare(kept)]


def test_forgetting_what_is_not_pinned_is_a_success(known_hosts: KnownHosts) -> None:
    known_hosts.forget("web-1")
    known_hosts.forget("web-1")


@pytest.mark.parametrize(
    "alias", ["", "*", "web-1,db-1", "web 1", "@revoked", "!web", "|1|x", "a\n"]
)
def test_an_alias_that_would_mean_more_than_itself_is_refused(
    known_hosts: KnownHosts, alias: str
) -> None:
    with pytest.raises(ConfigurationError):
        known_hosts.pin(alias, fresh_key())


@pytest.mark.parametrize(
    "key",
    ["", "ssh-ed25519", "ssh-ed25519 !!!", "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAA", "-----BEGIN X-----"],
)
def test_what_is_not_a_public_key_is_refused(known_hosts: KnownHosts, key: str) -> None:
    with pytest.raises(ConfigurationError):
        known_hosts.pin("web-1", key)
    assert list(known_hosts.pinned("web-1")) == []


def test_two_keys_at_once_are_refused(known_hosts: KnownHosts) -> None:
    with pytest.raises(ConfigurationError):
        known_hosts.pin("web-1", f"{fresh_key().strip()}\n{fresh_key()}")
