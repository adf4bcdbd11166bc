"""NixOS that the machine builds itself: what is sent, what is run, and the script in place."""

import shlex
import subprocess
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import pytest

from capsule_adapters.installers.nixos.remote_build import InPlace, OwnImage
from capsule_domain.errors import CommandFailed
from capsule_domain.models.nixos_install import NixosWay
from capsule_domain.models.planting import Installer
from capsule_domain.ports.host import Completed, Target
from capsule_domain.ports.nixos_installer import NixosJob
from tests.fakes.hosts import FakeHosts, FakeMachine
from tests.fakes.keys import FakeKeys
from tests.fakes.known_hosts import FakeKnownHosts
from tests.tools import needs_tool

SCRIPT = files("capsule_adapters.installers") / "scripts" / "lustrate.sh"


@dataclass
class Here:
    """Implements `NixInstallers` by a file that is here already."""

    path: Path
    url: str = "https://example.org/nix/install"

    def fetch(self) -> Installer:
        size = self.path.stat().st_size
        return Installer(url=self.url, path=str(self.path), sha256="ab" * 32, size_bytes=size)


@dataclass
class Site:
    """A configuration here, and a machine there."""

    folder: Path
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.folder / "modules").mkdir()
        (self.folder / "flake.nix").write_text("{ }\n")
        (self.folder / "modules/base.nix").write_text("{ ... }: { }\n")
        known_hosts = FakeKnownHosts()
        known_hosts.pin("id1", FakeKeys().new_host_key().public_openssh)
        self.hosts = FakeHosts(known_hosts)
        self.machine: FakeMachine = self.hosts.add("127.0.0.1")

    @property
    def installer(self) -> Path:
        file = self.folder.parent / "nix-install"
        file.write_text("#!/bin/sh\n")
        return file

    def job(self, way: NixosWay) -> NixosJob:
        target = Target(address="127.0.0.1", key_alias="id1")
        return NixosJob(way=way, target=target, folder=str(self.folder), hostname="web-1")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    folder = tmp_path / "configuration"
    folder.mkdir()
    return Site(folder)


def test_an_image_of_nixos_becomes_its_configuration(site: Site) -> None:
    site.machine.answers["nixos-rebuild switch"] = ""
    OwnImage(site.hosts).install(site.job(NixosWay.IMAGE), site.told.append)
    assert {path: mode for path, (_, mode) in site.machine.files.items()} == {
        "/etc/nixos/flake.nix": 0o644,
        "/etc/nixos/modules/base.nix": 0o644,
    }
    (command,) = site.machine.commands
    assert shlex.split(command)[:4] == ["nixos-rebuild", "switch", "--flake", "/etc/nixos#web-1"]


@pytest.mark.parametrize("way", [NixosWay.IMAGE, NixosWay.IN_PLACE])
def test_a_build_that_fails_there_is_told(site: Site, way: NixosWay) -> None:
    site.machine.answers[""] = Completed(exit_code=1, stdout="", stderr="error: no space left")
    in_place = InPlace(site.hosts, Here(site.installer))
    by_way = {NixosWay.IMAGE: OwnImage(site.hosts).install, NixosWay.IN_PLACE: in_place.install}
    with pytest.raises(CommandFailed, match="no space left"):
        by_way[way](site.job(way), site.told.append)


def test_in_place_sends_the_configuration_a_flake_around_it_and_nix(site: Site) -> None:
    site.machine.answers["lustrate"] = Completed(
        exit_code=0,
        stdout="/nix/store/a-system\n",
        stderr="copying path\n### building the system\n",
    )
    in_place = InPlace(site.hosts, Here(site.installer))
    assert in_place.install(site.job(NixosWay.IN_PLACE), site.told.append) == "/nix/store/a-system"
    assert site.machine.files["/root/capsule-nix-install"][0] == b"#!/bin/sh\n"
    flake = site.machine.files["/root/capsule-in-place/flake.nix"][0].decode()
    assert '"path:/etc/nixos"' in flake
    assert '"web-1"' in flake
    (command,) = site.machine.commands
    assert shlex.split(command)[-3:] == [
        "/root/capsule-in-place",
        "web-1",
        "/root/capsule-nix-install",
    ]
    assert site.told == ["building the system"]


NIX = """\
echo "nix $*" >> /notes/said
[ ! -e /notes/no-build ] || { echo 'error: build failed' >&2; exit 1; }
mkdir -p /nix/var/nix/profiles/system/bin
printf '#!/bin/sh\\necho "switch $NIXOS_INSTALL_BOOTLOADER $*" >> /notes/said\\n' \\
  > /nix/var/nix/profiles/system/bin/switch-to-configuration
chmod +x /nix/var/nix/profiles/system/bin/switch-to-configuration
"""
SWAP_FILE = 'for word; do case $word in of=*) : > "${word#of=}";; esac; done'
NOTED = 'echo "${0##*/} $*" >> /notes/said'
INSTALLER = 'cp /tools/.nix /tools/nix; echo "installer $*" >> /notes/said'


@dataclass
class Cell:
    """A root of its own for the script, with tools that only note what they are told."""

    place: Path

    def __post_init__(self) -> None:
        for name in ("etc/ssh", "etc/alternatives", "nix/store", "root", "notes", "tools"):
            (self.place / name).mkdir(parents=True)
        (self.place / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
        (self.place / "etc/group").write_text("root:x:0:\n")
        for name in (
            "groupadd",
            "useradd",
            "mkswap",
            "swapon",
            "reboot",
            "sync",
            "getent",
            "sleep",
        ):
            self.tool(name, NOTED)
        self.tool("dd", SWAP_FILE)
        self.tool(".nix", NIX)
        (self.place / "root/install").write_text(f"{INSTALLER}\n")

    def tool(self, name: str, script: str) -> None:
        file = self.place / "tools" / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    def run(self) -> subprocess.CompletedProcess[str]:
        folders = ("etc", "nix", "root", "notes", "tools")
        shown = [word for name in folders for word in self._at(name)]
        usr = ["--ro-bind", "/usr", "/usr"]
        if Path("/usr/bin/nix").exists():  # the machine in the cell has none yet
            usr += ["--ro-bind", "/dev/null", "/usr/bin/nix"]
        for name in ("bin", "sbin", "lib", "lib64"):
            usr += ["--symlink", f"usr/{name}", f"/{name}"] if Path(f"/{name}").is_symlink() else []
        words = [
            *(needs_tool("bwrap"), "--unshare-all", "--uid", "0", "--gid", "0"),
            *(*usr, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", *shown),
            *("--ro-bind-try", "/etc/alternatives", "/etc/alternatives"),
            *("--clearenv", "--setenv", "PATH", "/tools:/usr/bin:/bin"),
            *("sh", "-c", SCRIPT.read_text("utf-8"), "lustrate"),
            *("/root/in-place", "web-1", "/root/install"),
        ]
        return subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)

    def _at(self, name: str) -> tuple[str, str, str]:
        return "--bind", str(self.place / name), f"/{name}"

    def said(self) -> list[str]:
        return (self.place / "notes/said").read_text().splitlines()


@pytest.fixture
def cell(tmp_path: Path) -> Cell:
    made = Cell(tmp_path / "cell")
    probe = [needs_tool("bwrap"), "--unshare-all", "--ro-bind", "/", "/", "true"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("this kernel does not let bubblewrap make a root of its own")
    return made


def test_the_script_installs_nix_builds_and_puts_the_system_in_the_old_ones_stead(
    cell: Cell,
) -> None:
    done = cell.run()
    assert done.returncode == 0, done.stderr
    said = cell.said()
    assert "installer --no-daemon --no-modify-profile --yes" in said
    (build,) = [line for line in said if line.startswith("nix ")]
    assert build.endswith('/root/in-place#nixosConfigurations."web-1".config.system.build.toplevel')
    assert said.index(build) < said.index("switch 1 boot")
    kept = (cell.place / "etc/NIXOS_LUSTRATE").read_text().split()
    assert "etc/ssh/ssh_host_ed25519_key" in kept
    assert "root/.ssh/authorized_keys" in kept
    steps = [line for line in done.stderr.splitlines() if line.startswith("### ")]
    assert steps[-1] == "### restarting"


def test_a_build_that_fails_leaves_the_machine_as_it_was(cell: Cell) -> None:
    (cell.place / "notes/no-build").touch()
    assert cell.run().returncode != 0
    assert not (cell.place / "etc/NIXOS_LUSTRATE").exists()
    assert not any(line.startswith(("switch", "reboot")) for line in cell.said())


def test_done_again_it_does_not_install_nix_twice(cell: Cell) -> None:
    (cell.place / "notes/no-build").touch()
    cell.run()
    (cell.place / "notes/no-build").unlink()
    assert cell.run().returncode == 0
    assert len([line for line in cell.said() if line.startswith("installer")]) == 1
