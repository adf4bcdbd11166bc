"""A machine that has moved is known by the key that it was met with, and by no other."""

from pathlib import Path

import asyncssh
import pytest

from capsule_domain.errors import HostKeyChanged
from capsule_domain.ports.host import Destination
from tests.adapters.test_plant_destinations import (
    accept,
    configure,
    dot_ssh,
    entry,
    known_as,
    run,
    sshd,
)
from tests.sshd import Sshd

__all__ = ["dot_ssh", "sshd"]


def test_a_machine_that_moved_to_another_port_proves_itself_by_the_key_it_was_met_with(
    sshd: Sshd, dot_ssh: Path, tmp_path: Path
) -> None:
    accept(dot_ssh, "[127.0.0.1]:1", sshd.host_key)
    met = Destination(host="127.0.0.1", port=1, user=sshd.user)
    configure(dot_ssh, f"Host 127.0.0.1\n  IdentityFile {sshd.private_key}\n")
    moved = met.moved(host="127.0.0.1", port=sshd.port)
    assert run(tmp_path, moved).stdout == "in\n"
    with pytest.raises(HostKeyChanged, match="no host key is known"):
        run(tmp_path, met.model_copy(update={"port": sshd.port}))


def test_an_alias_that_moved_keeps_its_user_its_key_and_its_proof(
    sshd: Sshd, dot_ssh: Path, tmp_path: Path
) -> None:
    accept(dot_ssh, "[127.0.0.1]:1", sshd.host_key)
    configure(dot_ssh, entry(sshd).replace(f"Port {sshd.port}", "Port 1"))
    moved = Destination(host="web").moved(host="web", port=sshd.port)
    assert run(tmp_path, moved).stdout == "in\n"


def test_an_alias_that_has_another_address_keeps_its_key_and_its_proof(
    sshd: Sshd, dot_ssh: Path, tmp_path: Path
) -> None:
    accept(dot_ssh, "[127.0.0.99]:1", sshd.host_key)
    met = entry(sshd).replace(f"Port {sshd.port}", "Port 1")
    configure(dot_ssh, met.replace("HostName 127.0.0.1", "HostName 127.0.0.99"))
    moved = Destination(host="web", user=sshd.user).moved(host="127.0.0.1", port=sshd.port)
    assert run(tmp_path, moved).stdout == "in\n"


def test_somebody_else_at_the_new_place_is_refused(
    sshd: Sshd, dot_ssh: Path, tmp_path: Path
) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    accept(dot_ssh, "[127.0.0.1]:1", other)
    accept(dot_ssh, known_as(sshd), sshd.host_key)  # whoever is there was met as another
    configure(dot_ssh, entry(sshd).replace(f"Port {sshd.port}", "Port 1"))
    with pytest.raises(HostKeyChanged):
        run(tmp_path, Destination(host="web").moved(host="web", port=sshd.port))
