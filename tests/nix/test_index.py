"""A nixpkgs read by real Nix; and found, by a shim where Nix would download."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from capsule_adapters.nix.index.chunks import SharedPulse, read_in_chunks
from capsule_adapters.nix.index.memory import Share, available_bytes, share
from capsule_adapters.nix.index.source import NixpkgsSource
from capsule_domain.errors import ConfigurationError, HostUnreachable, NixFailed, ToolMissing
from capsule_domain.models.package import NixosOption, Nixpkgs, Package
from tests.tools import ROOT, needs_tool

TREE = ROOT / "tests" / "nix" / "index_nixpkgs"
GIB = 2**30


def silent(_seconds: float, _words: str) -> None:
    """Nobody listens."""


def small() -> Share:
    return Share(workers=2, chunk=5)


@pytest.fixture(scope="module")
def source() -> NixpkgsSource:
    needs_tool("nix-instantiate")
    return NixpkgsSource(folder=str(TREE), machine=small)


@pytest.fixture(scope="module")
def packages(source: NixpkgsSource) -> dict[str, Package]:
    return {package.attribute: package for package in source.packages(silent)}


def test_a_nixpkgs_says_which_one_it_is(source: NixpkgsSource) -> None:
    assert source.nixpkgs(silent) == Nixpkgs(
        source=str(TREE),
        release="26.05.20260801.abcdef0",
        revision="abcdef0123456789abcdef0123456789abcdef01",
    )


def test_a_package_is_read_with_all_that_is_known_of_it(packages: dict[str, Package]) -> None:
    assert packages["ripgrep"] == Package(
        attribute="ripgrep",
        name="ripgrep",
        version="15.1.0",
        summary="What it is for in two lines",
        licence="MIT",
    )
    assert packages["python3Packages.numpy"].version == "2.4"
    assert packages["old-style"] == Package(attribute="old-style", name="old-style", version="0.9")


def test_licences_that_are_not_free_are_noticed(packages: dict[str, Package]) -> None:
    assert packages["two-licences"].licence == "MIT, unfree"
    unfree = {name for name, package in packages.items() if package.unfree}
    assert unfree == {"two-licences", "marked-unfree"}


def test_what_a_default_configuration_refuses_is_in_the_index(packages: dict[str, Package]) -> None:
    assert packages["needs-allowing"].name == "allowed"


def test_what_throws_is_left_out_or_bare_and_functions_and_aliases_are_no_packages(
    packages: dict[str, Package],
) -> None:
    assert packages["weird"] == Package(attribute="weird", name="weird", version="2")
    absent = {"throws", "asserts", "callPackage", "rg", "python3Packages.buildPythonPackage"}
    assert absent & set(packages) == set()


def test_sets_are_known_as_sets_and_not_looked_into(packages: dict[str, Package]) -> None:
    assert {n for n, p in packages.items() if p.is_set} == {
        "lib",
        "haskellPackages",
        "python3Packages",
    }


def test_what_nix_itself_stumbles_over_is_skipped_and_named(
    source: NixpkgsSource, packages: dict[str, Package]
) -> None:
    stumbled = ["aborts", "missing", "python3Packages.gone", "typo"]
    assert sorted(source.skipped()) == stumbled
    assert set(stumbled) & set(packages) == set()


def test_options_are_read_with_type_default_and_place_and_marked_where_hidden(
    source: NixpkgsSource,
) -> None:
    assert list(source.options(silent)) == [
        NixosOption(
            name="services.nginx.enable",
            kind="boolean",
            default="false",
            declared="nixos/modules/nginx.nix",
        ),
        NixosOption(
            name="services.nginx.gone", kind="unspecified value", hidden=True, removed=True
        ),
        NixosOption(name="services.nginx.odd", kind="unspecified value", hidden=True),
        NixosOption(
            name="services.nginx.old", kind="string", hidden=True, instead="services.nginx.new"
        ),
        NixosOption(name="services.nginx.package", kind="package"),
        NixosOption(name="services.nginx.secret", kind="string", internal=True),
    ]


def test_reading_writes_nothing_into_the_home(tmp_path: Path) -> None:
    needs_tool("nix-instantiate")
    home = tmp_path / "home"
    home.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    reading = NixpkgsSource(folder=str(TREE), environment=environment, machine=small)
    assert list(reading.packages(silent))
    assert list(home.rglob("*")) == []


def test_a_persons_own_nixpkgs_configuration_and_overlays_change_nothing(tmp_path: Path) -> None:
    needs_tool("nix-instantiate")
    kept = tmp_path / ".config" / "nixpkgs"
    kept.mkdir(parents=True)
    (kept / "config.nix").write_text("throw ''looked at''")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    reading = NixpkgsSource(folder=str(TREE), environment=environment, machine=small)
    assert "ripgrep" in {package.attribute for package in reading.packages(silent)}


@pytest.mark.parametrize("make", ["absent", "empty"])
def test_a_folder_that_is_no_nixpkgs_is_told(tmp_path: Path, make: str) -> None:
    folder = tmp_path / make
    if make == "empty":
        folder.mkdir()
    with pytest.raises(ConfigurationError, match=r"no nixpkgs: it has no default\.nix"):
        NixpkgsSource(folder=str(folder)).nixpkgs(silent)


def test_a_nixpkgs_with_a_syntax_error_is_told_in_nix_s_own_words(tmp_path: Path) -> None:
    needs_tool("nix-instantiate")
    (tmp_path / "default.nix").write_text("{ }: { broken =")
    with pytest.raises(NixFailed, match="syntax error"):
        NixpkgsSource(folder=str(tmp_path)).nixpkgs(silent)


def test_without_nix_it_is_said_how_to_have_it(tmp_path: Path) -> None:
    nothing = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    with pytest.raises(ToolMissing) as caught:
        NixpkgsSource(folder=str(TREE), environment=nothing, places=()).nixpkgs(silent)
    assert caught.value.hint == "install Nix: capsule bootstrap"


# ---- where a nixpkgs is found: Nix on PATH is a shim that notes what it is asked


SHIM = """#!{python}
import json, os, sys
with open({log!r}, "a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
if "--find-file" in sys.argv:
    if {found!r}:
        print({found!r})
        sys.exit(0)
    sys.exit("error: file 'nixpkgs' was not found in the Nix search path")
if any("fetchTree" in word for word in sys.argv):
    if {offline!r}:
        sys.exit("error: unable to download 'https://example.org': Couldn't resolve host name")
    print(json.dumps({fetched!r}))
    sys.exit(0)
os.execv({nix!r}, ["nix-instantiate", *sys.argv[1:]])
"""


def shimmed(folder: Path, *, found: str = "", offline: bool = False) -> tuple[dict[str, str], Path]:
    """An environment whose nix-instantiate is the shim, and the file of what it was asked."""
    log = folder / "asked"
    shim = folder / "bin" / "nix-instantiate"
    shim.parent.mkdir()
    nix = needs_tool("nix-instantiate")
    shim.write_text(
        SHIM.format(
            python=sys.executable,
            log=str(log),
            found=found,
            offline=offline,
            fetched=str(TREE),
            nix=nix,
        )
    )
    shim.chmod(0o755)
    return {"PATH": f"{shim.parent}:{os.environ['PATH']}", "HOME": str(folder)}, log


def asked(log: Path) -> list[list[str]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def a_lock(folder: Path) -> Path:
    locked = {
        "type": "github",
        "owner": "NixOS",
        "repo": "nixpkgs",
        "rev": "b" * 40,
        "narHash": "sha256-x",
        "lastModified": 1,
    }
    nodes = {"root": {"inputs": {"nixpkgs": "nixpkgs"}}, "nixpkgs": {"locked": locked}}
    lock = folder / "flake.lock"
    lock.write_text(json.dumps({"nodes": nodes, "root": "root", "version": 7}))
    return lock


def test_the_nixpkgs_that_setup_locked_is_the_persons_own(tmp_path: Path) -> None:
    environment, log = shimmed(tmp_path, found="/nowhere")
    lock = a_lock(tmp_path)
    found = NixpkgsSource(lock=lock, environment=environment).nixpkgs(silent)
    assert (found.source, found.revision) == (f"nixpkgs of {lock}", "b" * 40)
    [first, *_] = asked(log)
    assert first[:2] == ["--extra-experimental-features", "nix-command flakes"]
    assert f'rev = "{"b" * 40}"' in first[-1]
    assert first[-1].startswith("(builtins.fetchTree {")


def test_without_a_lock_it_is_the_one_on_nix_path(tmp_path: Path) -> None:
    environment, log = shimmed(tmp_path, found=str(TREE))
    source = NixpkgsSource(lock=tmp_path / "flake.lock", environment=environment)
    assert source.nixpkgs(silent).source == "<nixpkgs>"
    assert asked(log)[0] == ["--find-file", "nixpkgs"]


def test_without_either_a_release_is_downloaded(tmp_path: Path) -> None:
    environment, log = shimmed(tmp_path)
    found = NixpkgsSource(environment=environment, release="nixos-26.05").nixpkgs(silent)
    assert found.source == "github:NixOS/nixpkgs/nixos-26.05"
    assert 'ref = "nixos-26.05"' in asked(log)[1][-1]


@pytest.mark.parametrize(("pin", "kind"), [("nixos-unstable", "ref"), ("d" * 40, "rev")])
def test_a_pinned_profile_goes_before_nix_path(tmp_path: Path, pin: str, kind: str) -> None:
    environment, log = shimmed(tmp_path, found="/nowhere")
    found = NixpkgsSource(environment=environment, pin=pin).nixpkgs(silent)
    assert found.source == f"github:NixOS/nixpkgs/{pin}"
    assert f'{kind} = "{pin}"' in asked(log)[0][-1]


def test_a_download_that_fails_is_told_as_such(tmp_path: Path) -> None:
    environment, _ = shimmed(tmp_path, offline=True)
    with pytest.raises(HostUnreachable, match="cannot get nixpkgs: unable to download"):
        NixpkgsSource(environment=environment).nixpkgs(silent)


def test_a_lock_that_is_nonsense_is_told(tmp_path: Path) -> None:
    (tmp_path / "flake.lock").write_text("{}")
    with pytest.raises(NixFailed, match=r"flake\.lock"):
        NixpkgsSource(lock=tmp_path / "flake.lock").nixpkgs(silent)


def test_a_channel_s_own_revision_is_told(tmp_path: Path) -> None:
    needs_tool("nix-instantiate")
    (tmp_path / "default.nix").write_text(f"import {TREE}")
    (tmp_path / ".git-revision").write_text("c" * 40)
    found = NixpkgsSource(folder=str(tmp_path)).nixpkgs(silent)
    assert found.revision == "c" * 40


# ---- in chunks


def reading(items: Sequence[int], broken: set[int], *, chunk: int) -> tuple[list[int], list[int]]:
    def read(asked: Sequence[int]) -> Sequence[object]:
        if broken & set(asked):
            raise NixFailed("cannot read nixpkgs: killed")
        return [item * 2 for item in asked]

    found: list[int] = []
    failed: list[int] = []
    pulse = SharedPulse(silent)
    for items_read, answers in read_in_chunks(
        items, read, share=Share(2, chunk), pulse=pulse, broken=failed
    ):
        assert answers == [item * 2 for item in items_read]
        found += items_read
    return sorted(found), sorted(failed)


def test_every_item_is_read_or_found_broken() -> None:
    found, failed = reading(range(100), {0, 13, 14, 99}, chunk=32)
    assert failed == [0, 13, 14, 99]
    assert sorted(found + failed) == list(range(100))


def test_nothing_to_read_is_read_at_once() -> None:
    assert reading([], set(), chunk=5) == ([], [])


def test_a_nixpkgs_of_which_nothing_can_be_read_is_given_up() -> None:
    with pytest.raises(NixFailed, match="more than 2000 packages cannot be read"):
        reading(range(2100), set(range(2100)), chunk=2000)


def test_memory_says_how_much_is_read_at_once() -> None:
    assert share(64 * GIB, 8) == Share(workers=4, chunk=1000)
    assert share(64 * GIB, 2) == Share(workers=2, chunk=1000)
    assert share(2 * GIB, 8) == Share(workers=1, chunk=1000)
    assert share(GIB // 2, 8) == Share(workers=1, chunk=250)


def test_available_memory_is_read_where_the_system_tells(tmp_path: Path) -> None:
    told = tmp_path / "meminfo"
    told.write_text("MemTotal: 9 kB\nMemAvailable:    2048 kB\n")
    assert available_bytes(told) == 2 * 2**20
    assert available_bytes(tmp_path / "absent") > 0


SLOW = """#!/bin/sh
case "$*" in *{quick}*) exec {nix} "$@" ;; esac
echo $$ >> {pids}
exec sleep 600
"""

INTERRUPTED = """
import sys
from capsule_adapters.nix.index.source import NixpkgsSource
source = NixpkgsSource(folder=sys.argv[1])
print("begun", flush=True)
list(source.packages(lambda seconds, words: print(words, flush=True)))
"""


@pytest.mark.parametrize(
    ("quick", "told"), [("nothing", "reading names"), ("names.nix", "0 of 18 packages")]
)
def test_ctrl_c_ends_nix_at_once_and_progress_was_never_silent(
    tmp_path: Path, quick: str, told: str
) -> None:
    pids = tmp_path / "pids"
    slow = tmp_path / "nix-instantiate"
    slow.write_text(SLOW.format(pids=pids, quick=quick, nix=needs_tool("nix-instantiate")))
    slow.chmod(0o755)
    running = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(TREE)],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "begun\n"
    began = time.monotonic()
    assert running.stdout.readline().strip() == told
    assert time.monotonic() - began < 3.0
    running.send_signal(signal.SIGINT)
    running.wait(timeout=20)
    running.stdout.close()
    for pid in pids.read_text().split():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)
