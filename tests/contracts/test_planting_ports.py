"""What every `Greenhouse`, `Seeds` and `NixInstallers` do: the fakes as the real ones."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from capsule_adapters.installers.nix import HttpNixInstallers
from capsule_adapters.installers.seeds import HomeSeeds
from capsule_adapters.nix.building.ways import SshWays
from capsule_adapters.nix.greenhouse import NixGreenhouse
from capsule_domain.errors import CapsuleError, CommandFailed, HostUnreachable, ToolMissing
from capsule_domain.models.planting import PlantFile
from capsule_domain.models.profile import Environment, Profile
from capsule_domain.ports.host import Destination
from capsule_domain.ports.plot import Greenhouse, NixInstallers, Seeds
from tests.fakes.plots import (
    FakeGreenhouse,
    FakeMachineState,
    FakeNixInstallers,
    FakePlots,
    FakeSeeds,
)
from tests.served import serving

FLAKE = PlantFile(path="environment/dev/flake.nix", text="{ outputs = _: { }; }\n")

# Answers like `nix build --json` and `nix copy`: the store path is made from the flake.
NIX = """\
#!/bin/sh
set -eu
shift 2
case $1 in
  build)
    [ -e flake.lock ] || echo '{"version": 7}' >flake.lock
    printf '[{"outputs": {"out": "/nix/store/%s-capsule"}}]' \\
      "$(sha256sum <flake.nix | cut -c 1-32)"
    ;;
  copy)
    case $(cat "$(command -v ssh)") in
      *untrusting*)
        echo "error: cannot add path: it lacks a signature by a trusted key" >&2
        exit 1
        ;;
      *'-p 2222'*' way=capsule-machine word=web '* | *' word=web '*'-p 2222'*) ;;
      *) echo "error: cannot open connection to remote store" >&2; exit 1 ;;
    esac
    ;;
esac
"""


def ignore(_: str) -> None:
    """What Nix says."""


def real_greenhouse(folder: Path, *, nix: bool = True) -> NixGreenhouse:
    if nix:
        (folder / "nix").write_text(NIX)
        (folder / "nix").chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}" if nix else str(folder)
    environment = {"PATH": path, "HOME": str(folder)}
    return NixGreenhouse(
        folder / "greenhouse", SshWays(folder / "known_hosts"), environment, places=()
    )


def fake_greenhouse(_: Path, *, nix: bool = True) -> FakeGreenhouse:
    plots = FakePlots(web=FakeMachineState())
    return FakeGreenhouse(plots, builds_for="x86_64-linux" if nix else None)


@pytest.fixture(params=[real_greenhouse, fake_greenhouse])
def make(request: pytest.FixtureRequest) -> Callable[..., Greenhouse]:
    made: Callable[..., Greenhouse] = request.param
    return made


def test_a_greenhouse_says_what_it_builds_for(
    make: Callable[..., Greenhouse], tmp_path: Path
) -> None:
    assert str(make(tmp_path).system()).partition("-")[2] in ("linux", "darwin")


def test_a_flake_grows_into_the_same_path_with_a_lock_beside_it(
    make: Callable[..., Greenhouse], tmp_path: Path
) -> None:
    greenhouse = make(tmp_path)
    grown = greenhouse.build(FLAKE, None, heard=ignore)
    assert grown.store_path.startswith("/nix/store/")
    assert grown.lock is not None
    assert grown.lock.path == "environment/dev/flake.lock"
    assert greenhouse.build(FLAKE, None, heard=ignore) == grown
    given = PlantFile(path=grown.lock.path, text='{"version": 7, "given": true}')
    assert greenhouse.build(FLAKE, given, heard=ignore).lock == given


def test_what_grew_is_sent(make: Callable[..., Greenhouse], tmp_path: Path) -> None:
    greenhouse = make(tmp_path)
    grown = greenhouse.build(FLAKE, None, heard=ignore)
    web = Destination(host="web", port=2222)
    greenhouse.send(grown.store_path, web, nix="/usr/bin/nix", heard=ignore)


def test_without_nix_nothing_grows(make: Callable[..., Greenhouse], tmp_path: Path) -> None:
    greenhouse = make(tmp_path, nix=False)
    assert greenhouse.system() is None
    with pytest.raises(ToolMissing):
        greenhouse.build(FLAKE, None, heard=ignore)


def test_a_machine_that_trusts_nobody_is_explained(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="does not trust") as refused:
        real_greenhouse(tmp_path).send(
            "/nix/store/x", Destination(host="untrusting"), nix="/usr/bin/nix", heard=ignore
        )
    assert "--build-on remote" in str(refused.value.hint)


@pytest.fixture(params=["home", "fake"])
def seeds(request: pytest.FixtureRequest, tmp_path: Path) -> Seeds:
    if request.param == "fake":
        own = (PlantFile(path="configs/dev.yml", text="name: dev\n"),)
        return FakeSeeds(own, {"dev": '{"version": 7}'})
    for name, text in (
        ("configs/dev.yml", "name: dev\n"),
        ("environment/dev/flake.lock", '{"version": 7}'),
    ):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
    return HomeSeeds(tmp_path)


def test_seeds_are_the_same_each_time(seeds: Seeds) -> None:
    profile = Profile(name="dev")
    environment = Environment(profile=profile, stacks=(), packages=(), python_packages=())
    paths: Sequence[str] = [file.path for file in seeds.own_files(environment)]
    assert paths == ["configs/dev.yml"]
    lock = seeds.lock("dev")
    assert lock is not None
    assert lock.path == "environment/dev/flake.lock"
    assert seeds.lock("another") is None
    wheel = seeds.wheel()
    assert wheel == seeds.wheel()
    assert wheel.path.endswith(f"-{wheel.version}-py3-none-any.whl")
    assert len(wheel.sha256) == 64


@pytest.fixture(params=["http", "fake"])
def installers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NixInstallers]:
    if request.param == "fake":
        yield FakeNixInstallers()
        return
    (tmp_path / "install").write_text("#!/bin/sh\n")
    with serving(tmp_path) as url:
        yield HttpNixInstallers(f"{url}/install", tmp_path / "kept")


def test_an_installer_is_known_by_its_source_and_hash(installers: NixInstallers) -> None:
    fetched = installers.fetch()
    assert fetched == installers.fetch()
    assert fetched.url == installers.url
    assert len(fetched.sha256) == 64
    assert fetched.size_bytes > 0


def test_without_a_network_there_is_no_installer(tmp_path: Path) -> None:
    with serving(tmp_path) as url:
        pass
    offline: list[NixInstallers] = [
        HttpNixInstallers(f"{url}/install", tmp_path),
        FakeNixInstallers(network=False),
    ]
    for installers in offline:
        with pytest.raises(HostUnreachable) as refused:
            installers.fetch()
        assert isinstance(refused.value, CapsuleError)
