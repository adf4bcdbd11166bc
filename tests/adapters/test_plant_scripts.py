"""The scripts of planting behind a real sshd: banners, start-up files, kills, hostile names."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from capsule_adapters.installers.facts import machine_facts
from capsule_adapters.installers.plot import ShellPlots
from capsule_adapters.installers.script import Answer, ask, text
from capsule_adapters.ssh.host import SshHosts
from capsule_domain.errors import CommandFailed, NixFailed
from capsule_domain.models.facts import OwnCapsule, Sudo
from capsule_domain.models.planting import PlantFile
from tests.plots import Machine, machine
from tests.tools import ROOT, needs_tool

SCRIPTS = sorted((ROOT / "src" / "capsule_adapters" / "installers" / "scripts").glob("*.sh"))
BLOCK = ("# >>> capsule plant >>>", "# <<< capsule plant <<<")
FLAKE = PlantFile(path="environment/dev/flake.nix", text="{ outputs = _: { }; }\n")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path) as site:
        yield site


def ignore(_: str) -> None:
    """What a program says."""


def enter_path(site: Machine) -> None:
    with site.plots.open(site.destination) as plot:
        plot.enter_path()


def on_path(site: Machine) -> bool:
    with site.plots.open(site.destination) as plot:
        return plot.facts([]).earth.on_path and plot.rooted().environment_on_path


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_script_satisfies_the_shell_linter_and_is_posix(script: Path) -> None:
    checker = needs_tool("shellcheck")
    done = subprocess.run(
        [checker, "--shell=sh", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert script.read_text().startswith("#!/bin/sh\n")


@pytest.mark.parametrize("name", [path.stem for path in SCRIPTS if path.stem != "places"])
def test_every_script_parses_as_it_is_sent(name: str) -> None:
    done = subprocess.run(
        ["sh", "-n"], input=text(name), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_banners_in_start_up_files_are_no_facts(site: Machine) -> None:
    (site.home / ".bashrc").write_text("echo welcome; echo kernel Plan9; echo oops >&2\n")
    (site.home / ".profile").write_text("echo 'sudo none'; cd /\n")
    with site.plots.open(site.destination) as plot:
        facts = plot.facts([])
        assert (facts.kernel, facts.home) == ("Linux", str(site.home))
        assert facts.sudo in set(Sudo)
        plot.enter_path()
        assert plot.rooted().environment_on_path


def test_the_language_of_the_machine_does_not_matter(tmp_path: Path) -> None:
    with (
        machine(tmp_path, environment={"LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8"}) as site,
        site.plots.open(site.destination) as plot,
    ):
        facts = plot.facts([])
        assert facts.free_home_mib is not None
        assert facts.free_home_mib > 0
        assert facts.memory_mib is not None
        assert facts.memory_mib > 0


def test_asking_changes_nothing(site: Machine) -> None:
    (site.home / ".profile").write_text("# mine\n")
    before = site.picture()
    with site.plots.open(site.destination) as plot:
        plot.facts(["config.yml", FLAKE.path], reach="http://127.0.0.1:1/")
        plot.rooted()
    assert site.picture() == before


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ([], ".profile"),
        ([".profile"], ".profile"),
        ([".profile", ".bash_login"], ".bash_login"),
        ([".profile", ".bash_login", ".bash_profile"], ".bash_profile"),
    ],
)
def test_the_file_that_a_login_shell_of_bash_reads_is_taken(
    site: Machine, there: list[str], expected: str
) -> None:
    for name in there:
        (site.home / name).write_text("# mine\n")
    enter_path(site)
    changed = [
        path.name for path in site.home.iterdir() if path.is_file() and BLOCK[0] in path.read_text()
    ]
    assert changed == [expected]
    assert on_path(site)


def test_what_else_stands_in_the_start_up_file_stays(site: Machine) -> None:
    file = site.home / ".profile"
    file.write_bytes(b"# m\xefne \\n %s $HOME\nexport A='b c'\n\n# no newline at the end")
    file.chmod(0o600)
    enter_path(site)
    text = file.read_bytes()
    assert text.startswith(
        b"# m\xefne \\n %s $HOME\nexport A='b c'\n\n# no newline at the end\n# >>>"
    )
    assert file.stat().st_mode & 0o777 == 0o600
    before = text
    enter_path(site)
    assert file.read_bytes() == before
    assert sorted(path.name for path in site.home.iterdir()) == [".profile"]


def test_an_old_block_is_replaced_and_one_without_its_end_is_left(site: Machine) -> None:
    file = site.home / ".profile"
    file.write_text(f"a=1\n{BLOCK[0]}\nold\n{BLOCK[1]}\nb=2\n{BLOCK[0]}\nc=3\n")
    assert not on_path(site)
    enter_path(site)
    lines = file.read_text().splitlines()
    assert "old" not in lines
    assert lines[:4] == ["a=1", "b=2", BLOCK[0], "c=3"]
    assert on_path(site)


def test_a_start_up_file_that_is_a_link_stays_one(site: Machine) -> None:
    kept = site.home / "dotfiles"
    kept.write_text("# mine\n")
    (site.home / ".profile").symlink_to(kept)
    enter_path(site)
    assert (site.home / ".profile").is_symlink()
    assert kept.read_text().startswith("# mine\n# >>>")
    assert on_path(site)


def test_a_shell_that_leaves_early_is_seen(site: Machine) -> None:
    (site.home / ".profile").write_text("return 0\n")
    enter_path(site)
    assert not on_path(site)


def test_a_home_with_a_hostile_name_is_quoted(tmp_path: Path) -> None:
    home = tmp_path / 'it\'s $(touch pwned) `x` "q" 100%'
    home.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "SHELL": "/bin/bash"}
    plots = ShellPlots(_no_hosts, environment)
    with plots.open(None) as plot:
        plot.write([FLAKE])
        plot.enter_path()
        facts = plot.facts([FLAKE.path])
        assert facts.home == str(home)
        assert facts.earth.files == {FLAKE.path: FLAKE.sha256}
        assert facts.earth.on_path
        assert plot.rooted().environment_on_path
    assert sorted(path.name for path in home.iterdir()) == [".capsule", ".profile"]


def _no_hosts() -> SshHosts:
    raise AssertionError("this machine needs no SSH")


def test_another_capsule_home_has_a_profile_of_its_own(tmp_path: Path) -> None:
    elsewhere = tmp_path / "else where"
    home = tmp_path / "home"
    home.mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "CAPSULE_HOME": str(elsewhere),
        "SHELL": "/bin/bash",
    }
    with ShellPlots(_no_hosts, environment).open(None) as plot:
        plot.write([FLAKE])
        plot.enter_path()
        assert plot.facts([]).capsule_home == str(elsewhere)
    assert (elsewhere / FLAKE.path).is_file()
    assert f"{elsewhere}/nix/profiles/capsule/bin" in (home / ".profile").read_text()


@pytest.mark.parametrize("shell", ["zsh", "fish", "tcsh"])
def test_each_shell_has_its_own_file_and_words(tmp_path: Path, shell: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "SHELL": f"/bin/{shell}"}
    with ShellPlots(_no_hosts, environment).open(None) as plot:
        plot.enter_path()
        facts = plot.facts([])
    expected = {"zsh": ".zprofile", "fish": ".config/fish/conf.d/capsule.fish", "tcsh": ".profile"}
    file = home / expected[shell]
    assert facts.start_up_file == str(file)
    assert facts.earth.on_path
    assert ("set -gx PATH" in file.read_text()) == (shell == "fish")


def test_the_argv_of_nix_is_what_it_should_be(site: Machine) -> None:
    with site.plots.open(site.destination) as plot:
        plot.write([FLAKE])
        site.forget_calls()
        plot.build("environment/dev", heard=ignore)
    link = site.home / ".local/state/nix/profiles/capsule"
    [call] = site.calls
    features = "--extra-experimental-features nix-command flakes"
    assert call == f"nix {features} build --no-link --profile {link} path:.#default"
    assert link.is_symlink()


def test_nixs_own_words_come_with_its_failure(site: Machine) -> None:
    site.breaks()
    with site.plots.open(site.destination) as plot:
        plot.write([FLAKE])
        with pytest.raises(NixFailed, match="hash mismatch in fixed-output derivation") as failed:
            plot.build("environment/dev", heard=ignore)
    assert any("hash mismatch" in line for line in failed.value.lines)


def test_an_installer_that_fails_says_why_and_leaves_no_file(tmp_path: Path) -> None:
    with machine(tmp_path, nix=False) as site, site.plots.open(site.destination) as plot:
        site.breaks()
        with pytest.raises(CommandFailed, match="could not resolve host"):
            plot.install_nix(site.installer(), multi_user=False, heard=ignore)
        assert list((site.home / ".capsule" / "installers").iterdir()) == []
        site.breaks(yes=False)
        assert plot.install_nix(site.installer(), multi_user=False, heard=ignore) == "2.28.3"
        assert site.calls[:2] == ["installer --no-daemon --yes --no-channel-add"] * 2
        if plot.facts([]).sudo == Sudo.ROOT:
            conf = tmp_path / "conf" / "nix.conf"
            assert conf.read_text() == "build-users-group =\n"


def test_an_installer_that_changed_since_it_was_shown_is_not_run(tmp_path: Path) -> None:
    with machine(tmp_path, nix=False) as site, site.plots.open(site.destination) as plot:
        installer = site.installer()
        Path(installer.path).write_text("#!/bin/sh\ntouch pwned\n")
        with pytest.raises(CommandFailed, match="is not what it was"):
            plot.install_nix(installer, multi_user=False, heard=ignore)
        assert site.calls == []


def test_what_stands_at_capsules_place_is_told_apart(site: Machine) -> None:
    bin_folder = site.home / ".local" / "bin"
    bin_folder.mkdir(parents=True)
    (bin_folder / "capsule").write_text("#!/bin/sh\n")
    with site.plots.open(site.destination) as plot:
        assert plot.facts([]).earth.capsule == OwnCapsule.FOREIGN
        (bin_folder / "capsule").unlink()
        (bin_folder / "capsule").symlink_to(site.home / ".local/share/capsule/venv/bin/capsule")
        facts = plot.facts([])
    assert facts.earth.capsule == OwnCapsule.OURS
    assert facts.earth.capsule_stamp is None


def test_without_a_new_enough_python_none_is_told(tmp_path: Path) -> None:
    names = tuple(f"python3{minor}" for minor in ("", ".11", ".12", ".13", ".14"))
    with (
        machine(tmp_path, without=names) as site,
        site.plots.open(site.destination) as plot,
    ):
        facts = plot.facts([])
    assert (facts.python, facts.python_version) == (None, None)


def test_a_record_that_was_edited_to_nonsense_is_none(site: Machine) -> None:
    (site.home / ".capsule").mkdir()
    (site.home / ".capsule" / "planted.json").write_text("{ nonsense\n")
    with site.plots.open(site.destination) as plot:
        assert plot.facts([]).earth.record is None


def test_a_machine_that_speaks_no_shell_is_told(site: Machine) -> None:
    broken = Answer(exit_code=127, facts=(), complaints=["sh: not found"])
    with pytest.raises(CommandFailed, match="does not tell what it is: sh: not found"):
        machine_facts(broken, "web")


def test_arguments_reach_a_script_as_they_are(site: Machine) -> None:
    hostile = ["a b", "$(touch pwned)", "`x`", "it's", "*", ""]
    config = Path(os.environ["HOME"]) / ".ssh" / "config"
    with (
        closing(SshHosts(site.folder / "ours", config)) as hosts,
        hosts.connect(site.destination) as host,
    ):
        answer = ask(host, "facts", "", *hostile, timeout_seconds=10)
    assert answer.one("end") == "yes"
    assert not list(site.home.iterdir())
