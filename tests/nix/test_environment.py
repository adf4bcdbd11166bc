"""Real Nix and a profile: hostile places, locks, facts, and what is left behind."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from capsule_adapters.nix.environment import NixProfileEnvironment
from capsule_adapters.nix.evaluation import locked_nixpkgs
from capsule_domain.errors import ConfigurationError, HostUnreachable, NixFailed, StoreError
from capsule_domain.models.generation import Generation, InstalledEnvironment
from tests.nix.offline import TinyNixpkgs, offline_nix, tiny_flake
from tests.tools import needs_tool

HOSTILE = 'a home\'s ${x} "ünï" #1?'
WITH_NIXPKGS = """{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
  outputs = { self, nixpkgs }: {
    packages = nixpkgs.lib.genAttrs [ "aarch64-darwin" "aarch64-linux" "x86_64-linux" ] (system:
      let pkgs = import nixpkgs { inherit system; }; in
      { default = pkgs.buildEnv { name = "capsule-mine"; paths = [ pkgs.git pkgs.jq ]; }; });
  };
}
"""


class Beats(list[tuple[float, str]]):
    """Remembers the signs of life."""

    def __call__(self, seconds: float, line: str) -> None:
        self.append((seconds, line))


def made_in(folder: Path, **variables: str) -> NixProfileEnvironment:
    return NixProfileEnvironment(
        link=folder / "profiles" / "capsule",
        kept=folder / "environment",
        environment={**os.environ, **offline_nix(folder), **variables},
    )


def install(environment: NixProfileEnvironment, flake: str) -> Generation:
    with environment.prepare("mine", flake, update=False, progress=Beats()) as made:
        record = InstalledEnvironment(
            store_path=made.forecast().store_path,
            profile="mine",
            flake=flake,
            flake_sha256="0" * 64,
            installed_at=datetime(2026, 11, 23, tzinfo=UTC),
        )
        return made.install(record)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder whose name would be something else to a shell, to Nix or in a URL."""
    folder = tmp_path / HOSTILE
    folder.mkdir()
    return folder


def test_places_with_hostile_names_are_only_places(tmp_path: Path, elsewhere: Path) -> None:
    environment = NixProfileEnvironment(
        link=elsewhere / "profiles" / "capsule",
        kept=elsewhere / "environment",
        environment={**os.environ, **offline_nix(tmp_path)},
    )
    first = install(environment, tiny_flake("first"))
    assert (environment.link / "bin" / "first").read_text() == "first\n"
    install(environment, tiny_flake("second"))
    assert environment.switch(1, progress=Beats()) == first


def test_nothing_is_left_but_what_is_kept(tmp_path: Path, own_home: Path) -> None:
    environment = made_in(tmp_path)
    install(environment, tiny_flake("first"))
    environment.switch(1, progress=Beats())
    kept = {str(p.relative_to(tmp_path)) for p in (tmp_path / "environment").rglob("*")}
    assert kept == {
        "environment/.lock",
        "environment/generations.json",
        "environment/mine",
        "environment/mine/flake.nix",
    }
    assert {path.name for path in own_home.iterdir()} <= {".cache"}
    private = [tmp_path / "environment", tmp_path / "environment" / "generations.json"]
    assert [path.stat().st_mode & 0o077 for path in private] == [0, 0]


def test_the_link_of_an_interrupted_installation_is_no_root_for_ever(tmp_path: Path) -> None:
    environment = made_in(tmp_path)
    dead = tmp_path / "environment" / ".stage-dead"
    (dead / "flake").mkdir(parents=True)
    (dead / "result").symlink_to("/nix/store/x")
    install(environment, tiny_flake("first"))
    assert not dead.exists()


def test_a_stage_in_use_is_left_alone(tmp_path: Path) -> None:
    environment = made_in(tmp_path)
    flake = tiny_flake("first")
    with environment.prepare("mine", flake, update=False, progress=Beats()) as made:
        install(environment, tiny_flake("second"))
        assert made.forecast().store_path


def test_the_lock_is_kept_beside_the_flake_and_used_again(tmp_path: Path) -> None:
    environment = made_in(tmp_path)
    nixpkgs = TinyNixpkgs.at(tmp_path / "nixpkgs", ["git", "jq"])
    kept = tmp_path / "environment" / "mine" / "flake.lock"
    nixpkgs.lock(kept)
    before = kept.read_bytes()
    made = install(environment, WITH_NIXPKGS)
    assert kept.with_name("flake.nix").read_text() == WITH_NIXPKGS
    assert nixpkgs_of(before) == nixpkgs_of(kept.read_bytes())
    record = environment.recorded(made.store_path)
    assert record is not None
    assert record.lock == kept.read_text()


def nixpkgs_of(lock: bytes) -> object:
    return json.loads(lock)["nodes"]["nixpkgs"]["locked"]["path"]


def test_an_update_does_not_start_from_the_lock_and_a_failing_one_leaves_it(
    tmp_path: Path,
) -> None:
    environment = made_in(tmp_path, https_proxy="http://127.0.0.1:1")
    kept = tmp_path / "environment" / "mine" / "flake.lock"
    TinyNixpkgs.at(tmp_path / "nixpkgs", ["git", "jq"]).lock(kept)
    install(environment, WITH_NIXPKGS)
    before = kept.read_bytes()
    with (
        pytest.raises(HostUnreachable, match="cannot lock the flake"),
        environment.prepare("mine", WITH_NIXPKGS, update=True, progress=Beats()),
    ):
        pytest.fail("there is no network")
    assert kept.read_bytes() == before
    assert [one.current for one in environment.generations()] == [True]


def test_facts_are_what_nixpkgs_says_in_one_evaluation(tmp_path: Path) -> None:
    environment = made_in(tmp_path)
    about: dict[str, dict[str, object]] = {
        "git": {"version": "2.47.1"},
        "jq": {"meta": {"broken": True}},
        "code": {"meta": {"unfree": True}},
        "old": {"meta": {"knownVulnerabilities": ["CVE-1"]}},
        "mac": {"meta": {"platforms": ["m68k-linux"]}},
        "gone": {"removed": "gone was renamed"},
    }
    nixpkgs = TinyNixpkgs.at(tmp_path / "nixpkgs", [], **about)
    nixpkgs.lock(tmp_path / "environment" / "mine" / "flake.lock")
    asked = [*about, "python3Packages.git", "lib", "python3Packages", "never.heard", "or"]
    with environment.prepare("mine", WITH_NIXPKGS, update=False, progress=Beats()) as made:
        facts = made.facts(asked, flags={})
    assert (facts["git"].version, facts["git"].name) == ("2.47.1", "git")
    assert facts["python3Packages.git"].version == "2.47.1"
    assert (facts["jq"].broken, facts["jq"].unfree) == (True, False)
    assert facts["code"].unfree
    assert facts["git"].system in ("aarch64-darwin", "aarch64-linux", "x86_64-linux")
    assert facts["old"].insecure
    assert not facts["mac"].available
    assert not facts["gone"].evaluates
    unfound = [name for name in asked if not facts[name].found]
    assert unfound == ["lib", "python3Packages", "never.heard", "or"]


def test_a_flake_without_nixpkgs_has_no_facts(tmp_path: Path) -> None:
    flake = tiny_flake("first")
    with (
        made_in(tmp_path).prepare("mine", flake, update=False, progress=Beats()) as made,
        pytest.raises(NixFailed, match="the flake has no nixpkgs"),
    ):
        made.facts(["git"], flags={})


def test_the_forecast_names_what_is_built_here_but_not_the_links(tmp_path: Path) -> None:
    environment = made_in(tmp_path)
    nixpkgs = TinyNixpkgs.at(tmp_path / "nixpkgs", ["git", "jq"], jq={"version": "1.7"})
    nixpkgs.lock(tmp_path / "environment" / "mine" / "flake.lock")
    with environment.prepare("mine", WITH_NIXPKGS, update=False, progress=Beats()) as made:
        forecast = made.forecast()
    assert sorted(forecast.build) == ["git-1.0", "jq-1.7"]
    assert (forecast.fetch, forecast.download_mib) == (0, None)


def test_what_a_build_said_is_in_the_error(tmp_path: Path) -> None:
    environment = made_in(tmp_path)
    flake = tiny_flake("never", script="echo the disk of $USER is odd; exit 3")
    with pytest.raises(NixFailed, match="failed with exit code 3") as caught:
        install(environment, flake)
    assert any("is odd" in line for line in caught.value.lines)
    assert "\n" not in caught.value.message


def test_a_slow_build_shows_signs_of_life(tmp_path: Path) -> None:
    environment = made_in(tmp_path)
    flake = tiny_flake("slow", script="echo getting there; /bin/sleep 3")
    beats = Beats()
    with environment.prepare("mine", flake, update=False, progress=beats) as made:
        record = InstalledEnvironment(
            store_path=made.forecast().store_path,
            profile="mine",
            flake=flake,
            flake_sha256="0" * 64,
            installed_at=datetime(2026, 11, 23, tzinfo=UTC),
        )
        made.install(record)
    assert beats
    assert 2.0 <= beats[0][0] < 3.0
    assert "getting there" in beats[0][1]


@pytest.mark.parametrize("what", ["profiles", "environment"])
def test_a_file_in_the_way_is_an_error_of_the_store(tmp_path: Path, what: str) -> None:
    environment = made_in(tmp_path)
    (tmp_path / what).write_text("not a folder")
    with pytest.raises(StoreError, match=what):
        install(environment, tiny_flake("first"))


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_built(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere: see test_environment_interrupted.py")
    environment = made_in(tmp_path)
    (tmp_path / "profiles").mkdir(mode=0o500)
    with pytest.raises(StoreError, match="permission denied"):
        install(environment, tiny_flake("first", script="/bin/sleep 60"))


def test_records_that_cannot_be_read_are_named_with_the_way_out(tmp_path: Path) -> None:
    environment = made_in(tmp_path)
    install(environment, tiny_flake("first"))
    file = tmp_path / "environment" / "generations.json"
    file.write_text("{ torn")
    with pytest.raises(StoreError, match=r"generations\.json") as caught:
        environment.generations()
    assert caught.value.hint == f"mv {file} {file}.unreadable"
    file.rename(tmp_path / "environment" / "generations.json.unreadable")
    assert [one.profile for one in environment.generations()] == [None]


def test_a_lock_that_is_no_lock_is_told_by_nix(tmp_path: Path) -> None:
    environment = made_in(tmp_path)
    kept = tmp_path / "environment" / "mine" / "flake.lock"
    kept.parent.mkdir(parents=True)
    kept.write_text("nonsense")
    with pytest.raises(NixFailed, match="cannot lock the flake"):
        install(environment, WITH_NIXPKGS)


def test_nix_works_without_a_home_to_write_to(tmp_path: Path) -> None:
    environment = made_in(tmp_path, HOME="/nonexistent")
    assert install(environment, tiny_flake("first")).generation == 1


def test_a_generation_of_somebody_else_is_shown_without_a_profile(tmp_path: Path) -> None:
    environment = made_in(tmp_path)
    needs_tool("nix-env")
    made = install(environment, tiny_flake("first"))
    (tmp_path / "profiles" / "capsule-2-link").symlink_to("/nix/store/other")
    (tmp_path / "profiles" / "capsule-x-link").symlink_to("/nix/store/stray")
    (tmp_path / "profiles" / "capsulex-9-link").symlink_to("/nix/store/stray")
    known = environment.generations()
    assert [(one.generation, one.profile) for one in known] == [(1, "mine"), (2, None)]
    assert known[0] == made


def test_what_an_environment_links_to_tells_names_and_versions(tmp_path: Path) -> None:
    environment = made_in(tmp_path)
    item = "/nix/store/" + "0" * 32
    env = tmp_path / "env"
    python = env / "lib" / "python3.13" / "site-packages"
    python.mkdir(parents=True)
    (python / "scikit_learn-1.6.1.dist-info").mkdir()
    (env / "bin").mkdir()
    (env / "bin" / "rg").symlink_to(f"{item}-ripgrep-14.1.1/bin/rg")
    (env / "bin" / "curl").symlink_to(f"{item}-curl-8.9.1-bin/bin/curl")
    (env / "share").symlink_to(f"{item}-tree-unstable/share")
    (env / "bin" / "other").symlink_to("/usr/bin/other")
    assert dict(environment.versions(str(env))) == {
        "ripgrep": "14.1.1",
        "curl": "8.9.1",
        "tree-unstable": None,
        "python3Packages.scikit-learn": "1.6.1",
    }


def test_a_locked_nixpkgs_says_its_revision_and_date(tmp_path: Path) -> None:
    lock = (
        '{"nodes": {"root": {"inputs": {"nixpkgs": "n"}}, "n": {"locked":'
        ' {"rev": "abc", "lastModified": 1700000000, "type": "github"}}}, "root": "root"}'
    )
    told, _ = locked_nixpkgs(lock)
    assert told.revision == "abc"
    assert told.date == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    for broken in ("", "[]", '{"nodes": {}}', '{"nodes": {"r": 1}, "root": "r"}'):
        with pytest.raises(NixFailed, match=r"cannot read flake\.lock"):
            locked_nixpkgs(broken)


def test_a_name_with_nix_in_it_stays_a_name(tmp_path: Path) -> None:
    environment = made_in(tmp_path)
    TinyNixpkgs.at(tmp_path / "nixpkgs", ["git"]).lock(
        tmp_path / "environment" / "mine" / "flake.lock"
    )
    hostile = ['${builtins.abort "x"}', 'a"; b', "git\nx", "''"]
    with environment.prepare("mine", WITH_NIXPKGS, update=False, progress=Beats()) as made:
        facts = made.facts(hostile, flags={})
        with pytest.raises(ConfigurationError):
            made.facts(["\0"], flags={})
    assert [facts[name].found for name in hostile] == [False] * 4
