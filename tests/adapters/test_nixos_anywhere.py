"""nixos-anywhere as we drive it: its words, the ssh that it finds, and how it ends."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from capsule_adapters.installers.nixos.anywhere import (
    NIXOS_ANYWHERE,
    Anywhere,
    anywhere_words,
    strict_ssh,
    system_words,
)
from capsule_adapters.installers.nixos.installer import SshNixosInstaller
from capsule_adapters.installers.nixos.remote_build import InPlace, OwnImage
from capsule_adapters.installers.nixos.wrapping import with_disk, with_older_start
from capsule_adapters.nix.tool import NixCommand
from capsule_adapters.ssh.host import SshHosts
from capsule_adapters.ssh.known_hosts import KnownHostsFile
from capsule_domain.errors import CommandFailed, HostError, HostUnreachable, ToolMissing
from capsule_domain.models.nixos_install import NixosWay
from capsule_domain.ports.host import Target
from capsule_domain.ports.nixos_installer import NixosJob
from tests.fakes.keys import FakeKeys
from tests.fakes.plots import FakeNixInstallers
from tests.sshd import Sshd
from tests.tools import needs_tool

SYSTEM = "/nix/store/00000000000000000000000000000000-nixos-system-web-1"
# Tells what is to be built. Notes its words and what it finds, and enters the machine as
# nixos-anywhere would: with options first that take any host key.
NIX = """\
#!/bin/sh
if [ "$3" = eval ]; then
  for word in "$@"; do printf '%s\\n' "$word"; done > {notes}/asked
  echo 'evaluating' >&2
  echo {system}
  exit
fi
for word in "$@"; do printf '%s\\n' "$word"; done > {notes}/words
cat "${{PATH%%:*}}/flake/flake.nix" > {notes}/flake.nix
echo '### Gathering machine facts ###'
ssh -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -i {key} -p {port} \\
  {user}@127.0.0.1 echo entered > {notes}/entered || {{ echo 'error: not let in' >&2; exit 7; }}
echo '### Installing NixOS ###'
"""
PROBES = {"findmnt": "echo /dev/vda1", "lsblk": "echo vda"}


@dataclass
class Site:
    """A machine with a real sshd, and a Nix that only notes."""

    sshd: Sshd
    hosts: SshHosts
    known_hosts: KnownHostsFile
    folder: Path

    @property
    def target(self) -> Target:
        return Target(
            address="127.0.0.1",
            port=self.sshd.port,
            user=self.sshd.user,
            key_alias="id1",
            private_key=self.sshd.private_key,
        )

    @property
    def job(self) -> NixosJob:
        return NixosJob(
            way=NixosWay.ANYWHERE,
            target=self.target,
            folder=str(self.folder / "a b"),
            hostname="web-1",
        )

    def anywhere(self, *, path: str | None = None, seconds: float = 20.0) -> Anywhere:
        programs = f"{self.folder}/here:{os.environ['PATH']}" if path is None else path
        environment = {"PATH": programs, "HOME": str(self.folder)}
        return Anywhere(self.hosts, self.known_hosts, environment, timeout_seconds=seconds)

    def told(self, name: str) -> str:
        return (self.folder / name).read_text()


def script(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    needs_tool("ssh")
    there = tmp_path / "there"
    for name, answer in PROBES.items():
        script(there / name, f"#!/bin/sh\n{answer}\n")
    with (
        Sshd(tmp_path / "sshd", environment={"PATH": f"{there}:{os.environ['PATH']}"}) as sshd,
        closing(SshHosts(tmp_path / "known_hosts")) as hosts,
    ):
        known_hosts = KnownHostsFile(tmp_path / "known_hosts")
        known_hosts.pin("id1", sshd.host_key)
        text = NIX.format(
            notes=tmp_path, system=SYSTEM, key=sshd.private_key, port=sshd.port, user=sshd.user
        )
        script(tmp_path / "here" / "nix", text)
        yield Site(sshd, hosts, known_hosts, tmp_path)


def test_its_words_are_those_of_its_manual() -> None:
    target = Target(address="192.0.2.1", port=2222, key_alias="id1", private_key="/k")
    job = NixosJob(way=NixosWay.ANYWHERE, target=target, folder="/c", hostname="web-1")
    assert anywhere_words("nix", Path("/f"), job) == (
        *("nix", "--extra-experimental-features", "nix-command flakes"),
        *("run", NIXOS_ANYWHERE, "--", "--flake", "/f#web-1"),
        *("--target-host", "root@192.0.2.1", "--ssh-port", "2222", "-i", "/k"),
        *("--copy-host-keys", "--build-on", "auto"),
    )
    agent = job.model_copy(update={"target": target.model_copy(update={"private_key": None})})
    assert "-i" not in anywhere_words("nix", Path("/f"), agent)


def test_an_installer_is_reached_where_its_port_is_led_to_from() -> None:
    """203.0.113.1:2200 leads to port 22 of the machine, at which an installer listens too."""
    target = Target(address="203.0.113.1", port=2200, user="ubuntu", key_alias="id1")
    job = NixosJob(
        way=NixosWay.ANYWHERE, target=target, folder="/c", hostname="w", installer_port=2200
    )
    assert anywhere_words("nix", Path("/f"), job) == (
        *("nix", "--extra-experimental-features", "nix-command flakes"),
        *("run", NIXOS_ANYWHERE, "--", "--flake", "/f#w"),
        *("--target-host", "ubuntu@203.0.113.1", "--ssh-port", "2200"),
        *("--post-kexec-ssh-port", "2200", "--copy-host-keys", "--build-on", "auto"),
    )


def test_what_is_to_be_built_is_asked_of_the_flake_that_is_installed() -> None:
    assert system_words("nix", Path("/f"), "web-1") == (
        *("nix", "--extra-experimental-features", "nix-command flakes", "eval", "--raw"),
        '/f#nixosConfigurations."web-1".config.system.build.toplevel.outPath',
    )


def test_it_enters_our_machine_and_its_steps_are_told(site: Site) -> None:
    heard: list[str] = []
    assert site.anywhere().install(site.job, heard.append) == SYSTEM
    assert heard == ["Gathering machine facts", "Installing NixOS"]
    assert site.told("entered") == "entered\n"
    assert site.told("words").splitlines()[2:5] == ["run", NIXOS_ANYWHERE, "--"]
    assert 'device = "/dev/vda";' in site.told("flake.nix")
    assert site.told("asked").splitlines()[2:4] == ["eval", "--raw"]
    assert not list(Path("/tmp").glob("capsule-nixos-*/known_hosts"))


def test_whatever_it_tells_ssh_another_machine_is_not_entered(site: Site) -> None:
    """The machine changes its key between our look and its own."""
    other = FakeKeys().new_host_key().public_openssh
    ssh = strict_ssh(needs_tool("ssh"), site.folder / "others", "id1", None)
    (site.folder / "others").write_text(f"id1 {other}\n")
    script(site.folder / "here" / "ssh", ssh)
    loose = ["-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no"]
    words = [str(site.folder / "here" / "ssh"), *loose, "-p", str(site.sshd.port)]
    done = subprocess.run(
        [*words, "-i", site.sshd.private_key, f"{site.sshd.user}@127.0.0.1", "echo entered"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (255, "")
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in done.stderr


def test_the_disk_that_a_person_chose_is_the_one_that_is_laid_out(site: Site) -> None:
    chosen = site.job.model_copy(update={"disk": "/dev/disk/by-id/nvme-A_1"})
    site.anywhere().install(chosen, lambda _line: None)
    assert 'device = "/dev/disk/by-id/nvme-A_1";' in site.told("flake.nix")


def test_what_cannot_be_evaluated_never_comes_near_the_machine(site: Site) -> None:
    ran = site.folder / "ran"
    fails = f'[ "$3" = run ] && touch {ran}; echo "error: no such option" >&2; exit 1'
    script(site.folder / "here" / "nix", f"#!/bin/sh\n{fails}\n")
    with pytest.raises(CommandFailed, match=r"nix failed \(1\): error: no such option"):
        site.anywhere().install(site.job, lambda _line: None)
    assert not ran.exists()


@pytest.mark.parametrize("way", [NixosWay.IN_PLACE, NixosWay.IMAGE, NixosWay.ANYWHERE])
def test_who_is_no_root_is_refused_unless_nixos_anywhere_makes_them_one(
    site: Site, way: NixosWay
) -> None:
    nobody = site.target.model_copy(update={"user": "ubuntu"})
    installer = SshNixosInstaller(
        site.anywhere(), InPlace(site.hosts, FakeNixInstallers()), OwnImage(site.hosts)
    )
    job = site.job.model_copy(update={"way": way, "target": nobody})
    with pytest.raises(HostError, match="ubuntu is no root"):
        installer.install(job, heard=lambda _line: None)
    if way is not NixosWay.ANYWHERE:
        with pytest.raises(HostError, match="ubuntu is no root"):
            installer.install(job.model_copy(update={"by_sudo": True}), heard=lambda _line: None)


def test_a_failure_is_told_with_what_it_said_last(site: Site) -> None:
    script(site.folder / "here" / "nix", "#!/bin/sh\necho 'error: no such host' >&2\nexit 3\n")
    with pytest.raises(CommandFailed, match=r"failed \(3\): error: no such host"):
        site.anywhere().install(site.job, lambda _line: None)


def test_one_that_never_ends_is_ended(site: Site) -> None:
    script(site.folder / "here" / "nix", "#!/bin/sh\nsleep 60\n")
    with pytest.raises(HostUnreachable, match="did not end"):
        site.anywhere(seconds=0.3).install(site.job, lambda _line: None)


def test_without_nix_it_is_refused(site: Site) -> None:
    with pytest.raises(ToolMissing) as caught:
        Anywhere(site.hosts, site.known_hosts, {"PATH": ""}).refuse_unable()
    assert "capsule bootstrap" in (caught.value.hint or "")
    site.anywhere().refuse_unable()


@pytest.mark.parametrize("whole", [True, False])
def test_the_flake_around_a_configuration_is_nix(tmp_path: Path, *, whole: bool) -> None:
    needs_tool("nix-instantiate")
    hostile = '/home/a"b ${x}/c'
    texts = [with_disk(hostile, "web-1", "/dev/vda", whole=whole), with_older_start(hostile, "w")]
    for number, text in enumerate(texts):
        file = tmp_path / f"{number}.nix"
        file.write_text(text)
        assert NixCommand().parse([file]) == []
        assert "${x}" not in text
    assert ("EF02" in texts[0]) is not whole


def test_the_layout_is_what_the_configuration_mounts(tmp_path: Path) -> None:
    nix = needs_tool("nix-instantiate")
    (tmp_path / "flake.nix").write_text(with_disk("/c", "web-1", "/dev/vda", whole=False))
    asked = """
      let host.extendModules = x: x;
          inputs = { disko.nixosModules.disko = null;
                     configuration.nixosConfigurations.web-1 = host; };
          out = (import ./flake.nix).outputs inputs;
      in (builtins.elemAt out.nixosConfigurations.web-1.modules 1).disko
    """
    done = subprocess.run(
        [nix, "--eval", "--strict", "--json", "-E", asked],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={"HOME": str(tmp_path), "NIX_REMOTE": "dummy://", "PATH": "/usr/bin:/bin"},
    )
    disko = json.loads(done.stdout)
    assert disko["enableConfig"] is False
    parts = disko["devices"]["disk"]["main"]["content"]["partitions"]
    assert parts["root"]["content"]["extraArgs"] == ["-L", "nixos"]
    assert parts["ESP"]["content"]["extraArgs"] == ["-n", "ESP"]
    assert parts["grub"]["type"] == "EF02"
