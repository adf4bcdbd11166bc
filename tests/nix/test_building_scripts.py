"""The scripts that ask stores: linted, and as odd machines run them."""

import subprocess
from pathlib import Path

import pytest

from capsule_adapters.installers.script import ask, text
from capsule_adapters.installers.this_machine import ThisMachine
from capsule_adapters.nix.building.stores import PACKAGE, look
from capsule_domain.errors import ToolMissing
from tests.tools import ROOT, needs_tool

SCRIPTS = sorted((ROOT / "src/capsule_adapters/nix/building/scripts").glob("*.sh"))


def test_every_script_satisfies_the_shell_linter_and_is_posix() -> None:
    words = [needs_tool("shellcheck"), "--shell=sh", *map(str, SCRIPTS)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", [path.stem for path in SCRIPTS])
def test_every_script_parses_as_it_is_sent(name: str) -> None:
    script = text(name, PACKAGE, ["a line", "$(rm -rf /) `id`"])
    done = subprocess.run(["sh", "-n"], input=script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def machine(folder: Path, **programs: str) -> ThisMachine:
    """This machine, with these programs before its own."""
    (folder / "bin").mkdir()
    for name, script in programs.items():
        program = folder / "bin" / name.replace("_", "-")
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    seen = {"HOME": str(folder), "PATH": f"{folder / 'bin'}:/usr/bin:/bin", "LC_ALL": "de_DE.UTF-8"}
    return ThisMachine(seen)


NIX = """\
case "$*" in
  *show-config*) echo "$0: a warning" >&2; exit 1 ;;
  *'config show'*) printf 'cores = 4\nextra-platforms = i686-linux\nsystem = x86_64-linux\n'
    printf 'trusted-public-keys = a-1:x= b-2:y=\n' ;;
esac"""


def test_what_a_newer_nix_says_in_other_commands_is_read_too(tmp_path: Path) -> None:
    here = machine(tmp_path, nix=NIX, nix_store='for path; do :; done; echo "$path"')
    facts = look(here, "here", ["/nix/store/a", "/nix/store/b"])
    assert facts.nix == str(tmp_path / "bin" / "nix")
    assert facts.keys == ["a-1:x=", "b-2:y="]
    assert facts.systems == ["x86_64-linux", "i686-linux"]
    assert facts.missing == ["/nix/store/b"]


def test_thousands_of_paths_are_asked_about_at_once(tmp_path: Path) -> None:
    here = machine(tmp_path, nix=NIX, nix_store="shift 2; printf '%s\\n' \"$@\"")
    paths = [f"/nix/store/{number:032}-a-package-with-a-name" for number in range(5000)]
    assert look(here, "here", paths).missing == paths


def test_a_file_of_any_name_and_content_arrives_as_it_is(tmp_path: Path) -> None:
    import base64

    content = bytes(range(256)) * 40
    here = machine(tmp_path, nix=NIX, nix_instantiate="echo /nix/store/nixpkgs")
    names = ["flake/a file $(id) 'x'.nix", "flake/modules/b.nix", "flake/-empty"]
    encoded = [base64.b64encode(content).decode(), base64.b64encode(b"{ }").decode(), "-"]
    lines = [f"{body} {name}" for body, name in zip(encoded, names, strict=True)]
    answer = ask(here, "room", timeout_seconds=30, package=PACKAGE, lines=lines)
    room = Path(answer.one("room") or "")
    try:
        assert (room / names[0]).read_bytes() == content
        assert (room / names[1]).read_text() == "{ }"
        assert (room / names[2]).read_bytes() == b""
        assert room.stat().st_mode & 0o777 == 0o700
        assert answer.one("nixpkgs") == "/nix/store/nixpkgs"
    finally:
        subprocess.run(["rm", "-rf", "--", str(room)], check=True)


def test_a_machine_without_nix_is_told(tmp_path: Path) -> None:
    if Path("/nix/var/nix/profiles/default/bin/nix").exists():
        pytest.skip("this machine has a Nix that cannot be hidden")
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "cut", "sed", "awk", "cat", "id"):
        (folder / name).symlink_to(needs_tool(name))
    with pytest.raises(ToolMissing, match="Nix on web is not installed"):
        look(ThisMachine({"HOME": str(tmp_path), "PATH": str(folder)}), "web")
