"""A whole installation over a real sshd: met by the person's key, pinned, installed by a Nix that
only notes, met again by the pinned key, and believed when it runs what was built.
"""

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from capsule_adapters.installers.nixos.anywhere import Anywhere
from capsule_adapters.installers.nixos.installer import SshNixosInstaller
from capsule_adapters.installers.nixos.remote_build import InPlace, OwnImage
from capsule_adapters.ssh.host import SshHosts
from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_domain.errors import CommandFailed, HostKeyChanged, OutcomeUnknown
from capsule_domain.models.evaluated_system import Account, OpenPorts
from capsule_domain.models.nixos_install import Installed
from capsule_domain.services.await_nixos import AwaitNixos
from capsule_domain.services.install_machine import InstallMachine
from capsule_domain.services.install_order import InstallWish
from tests.fakes.clock import FakeClock
from tests.fakes.plots import FakeNixInstallers
from tests.services.install_desk import SYSTEM, InstallDesk
from tests.services.lint import KEY
from tests.surveyed import Looked, looked_at, stub
from tests.tools import needs_tool

# Tells what is to be built; enters the machine as nixos-anywhere would, and leaves it as NixOS.
NIX = """\
case $3 in
  eval) echo {system}; exit ;;
esac
ssh -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -i {key} -p {port} \\
  {user}@127.0.0.1 true || exit 7
echo '### Installing NixOS ###'
{then}
"""
BECOMES = """\
printf 'ID=nixos\\n' >{root}/etc/os-release
echo boot-2 >{root}/proc/sys/kernel/random/boot_id
"""
# What is read of the machine's own files later has no ROOT before it.
READ = 'exec {cat} "{root}$1"'
RUNS = """\
case $2 in
  /run/current-system) echo {system} ;;
  *) exec {readlink} "$@" ;;
esac
"""


@dataclass
class Site:
    """The machine, and the service that installs there."""

    machine: Looked
    service: InstallMachine
    known_hosts: KnownHostsFile
    here: Path

    def nix(self, then: str) -> None:
        """What the installer does on the machine after it entered it."""
        sshd = self.machine.sshd
        way = {"key": sshd.private_key, "port": sshd.port, "user": sshd.user}
        text = NIX.format(system=SYSTEM, then=then.format(root=self.machine.root), **way)
        stub(self.here, "nix", text)

    def install(self) -> Installed:
        asked = self.service.plan(self.machine.destination, InstallWish(), _silent)
        return self.service.run(asked, progress=_silent, heard=lambda _line: None)


def _silent(_seconds: float, _line: str) -> None:
    """Nobody listens."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    needs_tool("ssh")
    cat, readlink = needs_tool("cat"), needs_tool("readlink")
    root = tmp_path / "machine" / "root"
    stubs = {
        "cat": READ.format(cat=cat, root=root),
        "readlink": RUNS.format(readlink=readlink, system=SYSTEM),
        "sudo": '[ "$1" != -n ] || shift; exec "$@"',
        "lsblk": 'echo \'{"blockdevices": [{"name": "sda", "size": 5, "type": "disk"}]}\'',
    }
    here = tmp_path / "here"
    here.mkdir()
    with (
        looked_at(tmp_path / "machine", stubs=stubs) as machine,
        closing(SshHosts(tmp_path / "pinned", tmp_path / "machine" / "ssh_config")) as hosts,
    ):
        known_hosts = KnownHostsFile(tmp_path / "pinned")
        environment = {"PATH": f"{here}:{os.environ['PATH']}", "HOME": str(tmp_path)}
        installer = SshNixosInstaller(
            Anywhere(hosts, known_hosts, environment, tmp_path / "machine" / "ssh_config"),
            InPlace(hosts, FakeNixInstallers()),
            OwnImage(hosts),
        )
        service = replace(
            _configured(tmp_path, machine).service,
            surveys=machine.surveys,
            known_hosts=known_hosts,
            installer=lambda: installer,
            seen=AwaitNixos(hosts, FakeClock(), timeout_seconds=15.0),
        )
        yield Site(machine, service, known_hosts, here)


def _configured(home: Path, machine: Looked) -> InstallDesk:
    """A configuration that fits it."""
    desk = InstallDesk(home / "home")
    port, user = machine.sshd.port, machine.sshd.user
    desk.describes(
        ssh={"ports": (port,)},
        open_everywhere=OpenPorts(ports=(port,)),
        accounts={user: Account(keys=(KEY,), groups=("wheel",))},
        passwordless_sudo=("%wheel",),
        grub_devices=("/dev/sda",),
    )
    return desk


def test_the_machine_is_nixos_afterwards_and_was_seen_running_what_was_built(site: Site) -> None:
    site.nix(BECOMES)
    done = site.install()
    assert (done.system, done.port) == (SYSTEM, site.machine.sshd.port)
    assert (
        not list(site.here.parent.glob("pinned"))
        or "install-" not in (site.here.parent / "pinned").read_text()
    )


def test_one_that_did_not_start_anew_is_no_success(site: Site) -> None:
    site.nix("printf 'ID=nixos\\n' >{root}/etc/os-release")
    with pytest.raises(OutcomeUnknown, match="still runs what it ran"):
        site.install()


def test_one_that_runs_another_system_is_no_success(site: Site) -> None:
    stub(site.machine.root.parent / "programs", "readlink", "echo /nix/store/other")
    site.nix(BECOMES)
    with pytest.raises(CommandFailed, match="and runs /nix/store/other instead of"):
        site.install()


def test_keys_that_are_not_those_it_showed_are_found_out_by_the_installer(site: Site) -> None:
    """What /etc/ssh holds there is not what its sshd shows: nothing is installed."""
    other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0Yl0H1HyrqsHYw/CZmjVZuThwm5p4yd+NC+mtSqZeP"
    site.machine.write("etc/ssh/ssh_host_ed25519_key.pub", f"{other}\n")
    site.nix(BECOMES)
    with pytest.raises((CommandFailed, HostKeyChanged)):
        site.install()
    assert "ubuntu" in (site.machine.root / "etc/os-release").read_text()
