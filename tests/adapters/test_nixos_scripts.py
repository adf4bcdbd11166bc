"""The scripts that look at NixOS machines and switch them, behind a real sshd."""

import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from capsule_adapters.nixos import scripts
from capsule_adapters.nixos.hosts import ShellNixosHost, SshNixosHosts
from capsule_adapters.ssh.host import SshHosts
from capsule_domain.errors import (
    CommandFailed,
    ConfigurationError,
    Conflict,
    NotFound,
    UsageError,
)
from capsule_domain.models.facts import Sudo
from capsule_domain.models.switch import SwitchOrder, SwitchState
from tests.fakes.hosts import FakeHost, FakeMachine
from tests.nixos_root import FOREVER, Behaviour, NixosRoot
from tests.nixos_root.scene import Scene
from tests.tools import needs_tool

RUNNING = f"/nix/store/{'0' * 32}-nixos-system-web-26.05"
WHOLE = {
    **{name: scripts.text(name) for name in scripts.PARTS},
    **{f"{name} by root": scripts.as_root(name) for name in scripts.PARTS},
    "watchdog": scripts.watchdog(),
}


@contextmanager
def entered(root: NixosRoot) -> Iterator[ShellNixosHost]:
    """It, over a connection of its own."""
    with closing(root.hosts()) as ssh, ssh.connect(root.target()) as host:
        yield ShellNixosHost(host, "web")


@pytest.mark.parametrize("name", [*scripts.PARTS, "begin by root", "watchdog"])
def test_every_script_satisfies_the_shell_linter_and_is_posix(name: str) -> None:
    checker = needs_tool("shellcheck")
    done = subprocess.run(
        [checker, "--shell=sh", "-"], input=WHOLE[name], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_every_script_parses_as_it_is_sent(name: str, shell: str) -> None:
    done = subprocess.run(
        [needs_tool(shell), "-n"], input=WHOLE[name], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_what_a_machine_tells_of_itself(tmp_path: Path) -> None:
    behaviour = Behaviour(failed_units=("a.service",), inhibitors={"dbus": "dbus"})
    with NixosRoot(tmp_path, behaviour=behaviour) as root, entered(root) as host:
        root.path(root.old).joinpath("etc/capsule").mkdir()
        root.path(root.old).joinpath("etc/capsule/state-version").write_text("25.11\n")
        live = host.look()
    assert (live.user, live.sudo) == ("root", Sudo.ROOT)
    assert live.system.endswith("-linux")
    assert (live.nixos_version, live.state_version) == ("26.05.20261101.abcdef0", "25.11")
    assert live.inhibitors == {"dbus": "dbus"}
    assert live.boot_loader == "systemd-boot"
    assert live.system_state == "degraded"
    assert live.free_boot_mib is not None
    assert live.free_boot_mib > 0
    assert live.session is not None
    assert live.session.client_address == live.session.server_address == "127.0.0.1"
    assert live.session.server_port == root.port
    assert live.session.key_fingerprint is not None


def test_a_machine_with_a_network_of_its_own_tells_it(tmp_path: Path) -> None:
    with NixosRoot(tmp_path, network=True) as root, entered(root) as host:
        live = host.look()
    assert live.gateway is not None
    assert live.session is not None
    assert live.session.client_address == live.gateway
    assert live.session.interface is not None


def test_a_loader_that_is_grub_is_told(tmp_path: Path) -> None:
    with NixosRoot(tmp_path, loader="grub") as root, entered(root) as host:
        assert host.look().boot_loader == "grub"
        # What the running system installs counts more than what lies about in /boot.
        with root.path(root.old).joinpath("bin/switch-to-configuration").open("a") as program:
            program.write("# INSTALL_BOOTLOADER='/nix/store/x-install-systemd-boot.sh'\n")
        assert host.look().boot_loader == "systemd-boot"


@pytest.mark.parametrize(("word", "trusted"), [("1", True), ("0", False), ("null", None)])
def test_whether_the_store_trusts_a_person_is_asked_of_it(
    tmp_path: Path,
    word: str,
    trusted: bool | None,  # noqa: FBT001
) -> None:
    with NixosRoot(tmp_path, user="deploy") as root, entered(root) as host:
        root.path("/trusted").write_text(word)
        live = host.look()
    assert (live.user, live.sudo, live.trusted_by_store) == ("deploy", Sudo.FREE, trusted)


def test_a_person_whose_sudo_asks_sees_generations_and_changes_nothing(tmp_path: Path) -> None:
    asks = Behaviour(sudo_free=False)
    with NixosRoot(tmp_path, behaviour=asks, user="deploy") as root, entered(root) as host:
        assert [one.store_path for one in host.generations()] == [root.old]
        order = SwitchOrder(id="20261123-sudo", old=root.old, new=root.old)
        for call in (host.look, lambda: host.follow(order.id), lambda: host.begin(order)):
            with pytest.raises(ConfigurationError, match="sudo") as refused:
                call()
            assert "wheelNeedsPassword" in (refused.value.hint or "")
        assert root.calls() == ["old boots"]


def test_a_person_whose_sudo_asks_nothing_switches(tmp_path: Path) -> None:
    with Scene(tmp_path, Behaviour(), {"user": "deploy"}) as scene:
        scene.begin()
        scene.confirm()
        assert scene.until().state is SwitchState.COMMITTED


def test_generations_tell_what_was_in_them_and_collected_ones_are_left_out(tmp_path: Path) -> None:
    with NixosRoot(tmp_path) as root, entered(root) as host:
        rich = Behaviour(
            kernel="6.18.1", version="26.11.1", revision="abc", specialisations=("big", "small one")
        )
        gone = root.add_system("gone")
        root.add_generation(gone)
        root.add_generation(root.add_system("rich", rich))
        root.collect(gone)
        root.point_profile(1)
        first, third = host.generations()
    assert (first.generation, first.current, first.running, first.booted) == (1, True, True, True)
    assert (third.generation, third.current, third.running, third.booted) == (
        3,
        False,
        False,
        False,
    )
    assert (third.nixos_version, third.kernel_version) == ("26.11.1", "6.18.1")
    assert third.configuration_revision == "abc"
    assert third.specialisations == ("big", "small one")
    assert first.configuration_revision is None
    assert (third.date - first.date).total_seconds() < 60, "the links' own times"


def test_banners_and_a_foreign_locale_break_nothing(tmp_path: Path) -> None:
    with Scene(tmp_path, Behaviour(), {}) as scene:
        banner = "echo 'Willkommen'; echo state committed; echo oops >&2; export LC_ALL=de_DE.UTF-8"
        scene.root.path("/root/.bashrc").write_text(f"{banner}\n")
        scene.begin()
        report = scene.until(SwitchState.AWAITING)
        assert (report.state, report.running) == (SwitchState.AWAITING, scene.new)
        with scene.entered() as host:
            assert host.look().running == scene.new


def test_what_a_switch_says_is_heard_in_its_last_lines(tmp_path: Path) -> None:
    with Scene(tmp_path, Behaviour(activation_exit=3), {}) as scene:
        scene.begin()
        report = scene.until()
    assert report.log[-1].startswith("activating the configuration /nix/store/")
    assert report.reason is not None
    assert report.reason.startswith("its activation failed (3): activating the configuration")


def test_state_is_roots_alone_and_ten_switches_are_kept(tmp_path: Path) -> None:
    with Scene(tmp_path, Behaviour(inhibitors={"dbus": "broker"}), {}) as scene:
        scene.begin()
        scene.until()
        switches = scene.root.path("/var/lib/capsule/switches")
        ids = [f"20261123-{number:02}" for number in range(2, 13)]
        for number, switch_id in enumerate(ids, 2):
            shutil.copytree(switches / scene.order.id, switches / switch_id)
            order = switches / switch_id / "order"
            order.write_text(order.read_text().replace("number 1\n", f"number {number}\n"))
        scene.order = scene.order.model_copy(update={"id": "20261123-13"})
        scene.begin()
        assert scene.until().state is SwitchState.REFUSED
        assert sorted(path.name for path in switches.iterdir()) == [*ids[2:], "20261123-13"]
        assert not any(scene.root.path("/nix/var/nix/gcroots/capsule").iterdir())
        for folder in (switches.parent, scene.root.path("/run/capsule")):
            assert folder.stat().st_mode & 0o077 == 0
        with scene.entered() as host:
            assert [host.follow(one).id for one in ids[2:]] == ids[2:]
            with pytest.raises(NotFound):
                host.follow(ids[0])


def test_while_it_goes_on_neither_system_can_be_collected(tmp_path: Path) -> None:
    with Scene(tmp_path, Behaviour(), {}) as scene:
        scene.begin()
        scene.until(SwitchState.AWAITING)
        roots = scene.root.path("/nix/var/nix/gcroots/capsule")
        kept = {str(link.readlink()) for link in roots.iterdir()}
        assert kept == {scene.root.old, scene.new}


def test_what_begins_is_not_confirmed_before_it_waits(tmp_path: Path) -> None:
    with Scene(tmp_path, Behaviour(seconds_before=2), {}) as scene:
        scene.begin()
        with scene.entered() as host:
            with pytest.raises(Conflict, match="not wait for a confirmation yet"):
                host.confirm(scene.order.id)
            assert "capsule-apply-20261123-fault" in host.look().busy
        scene.confirm()
        assert scene.until().state is SwitchState.COMMITTED


@contextmanager
def half_begun(folder: Path) -> Iterator[Scene]:
    """A switch that is written down, and whose watchdog never ran: whoever began it is gone."""
    with Scene(folder, Behaviour(), {}) as scene, ThreadPoolExecutor(1) as pool:
        scene.root.path("/slow-units").touch()
        beginning = pool.submit(scene.begin)
        scene.until_noted(SwitchState.ARMED)
        scene.inside(
            "for signal in STOP KILL; do for process in /proc/[0-9]*; do"
            " if tr '\\0' ' ' <$process/cmdline | grep -q '20261123-faul[t]';"
            " then kill -$signal ${process#/proc/}; fi; done; done; true"
        )
        with pytest.raises(CommandFailed):
            beginning.result()
        scene.root.path("/slow-units").unlink()
        yield scene


def test_what_was_begun_by_half_is_begun_when_it_is_asked_for_again(tmp_path: Path) -> None:
    with half_begun(tmp_path) as scene:
        scene.begin()
        scene.confirm()
        assert scene.until().state is SwitchState.COMMITTED


def test_what_was_begun_by_half_never_begins_by_itself(tmp_path: Path) -> None:
    with half_begun(tmp_path) as scene:
        report = scene.report()
        assert report is not None
        assert (report.state, report.running) == (SwitchState.REFUSED, scene.root.old)
        assert scene.disagreements(SwitchState.REFUSED) == []


@pytest.mark.parametrize("path", ["/etc/passwd", "/nix/store/x", "/nix/store/../etc", "$(reboot)"])
def test_what_is_no_system_is_not_sent(path: str) -> None:
    with pytest.raises(UsageError):
        ShellNixosHost(FakeHost(FakeMachine()), "web").begin(
            SwitchOrder(id="20261123-usage", old=path, new=path)
        )


def test_this_machine_is_asked_without_ssh(tmp_path: Path) -> None:
    with closing(SshHosts(tmp_path / "known_hosts")) as ssh:
        hosts = SshNixosHosts(lambda: ssh)
        with hosts.enter(None) as host, pytest.raises(ConfigurationError, match="is not NixOS"):
            host.generations()


def test_a_commit_that_was_cut_is_undone_by_the_next_switch_that_begins(tmp_path: Path) -> None:
    with Scene(tmp_path, Behaviour(boot_seconds=FOREVER), {}) as scene:
        scene.begin()
        scene.confirm()
        scene.until_called("nix-env --set new", "new boot")
        scene.power_cycle()
        assert scene.root.profile() == scene.new
        scene.order = scene.order.model_copy(update={"id": "20261123-next"})
        for _ in range(100):
            with suppress(Conflict):
                scene.begin()
                break
        scene.confirm()
        assert scene.disagreements(SwitchState.COMMITTED) == []
        assert scene.root.calls().count("nix-env --switch-generation 1") == 1
