"""Machines to plant on that are only remembered, and what this machine gives to them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256

from capsule_domain.errors import (
    CommandFailed,
    Conflict,
    HostError,
    HostUnreachable,
    NixFailed,
    ToolMissing,
)
from capsule_domain.models.facts import Earth, MachineFacts, OwnCapsule, Sudo
from capsule_domain.models.generation import InstalledEnvironment
from capsule_domain.models.planting import (
    Grown,
    Installer,
    PlantFile,
    PlantRecord,
    Rooted,
    Wheel,
)
from capsule_domain.models.profile import Environment
from capsule_domain.ports.host import Destination, Target
from capsule_domain.ports.plot import Heard, Plot
from tests.fakes.nix_renderer import FakeNixRenderer

FACTS = MachineFacts(
    kernel="Linux",
    architecture="x86_64",
    distribution="Debian GNU/Linux 12",
    user="ann",
    home="/home/ann",
    capsule_home="/home/ann/.capsule",
    login_shell="/bin/bash",
    start_up_file="/home/ann/.profile",
    sudo=Sudo.FREE,
    programs=("bash", "curl", "git", "tar", "xz"),
    python="/usr/bin/python3",
    python_version="3.11.2",
    nix="/usr/bin/nix",
    nix_version="2.28.3",
    nix_folder=True,
    free_store_mib=50_000,
    free_home_mib=50_000,
    systemd=True,
)


@dataclass
class FakeMachineState:
    """What a machine to plant on holds. Tests change it."""

    facts: MachineFacts = FACTS
    files: dict[str, str] = field(default_factory=dict)
    record: PlantRecord | None = None
    store_path: str | None = None
    store: set[str] = field(default_factory=set)
    """What its Nix store holds."""
    on_path: bool = False
    capsule: OwnCapsule = OwnCapsule.ABSENT
    capsule_stamp: str | None = None
    capsule_version: str | None = None
    breaks_at: str | None = None
    """The method that fails from now on."""
    shell_leaves_early: bool = False
    """Whether its login shell never comes to our block."""
    steps: list[str] = field(default_factory=list)
    """What was changed, in order."""
    up: bool = True
    closed_by: HostError | None = None
    """Why nobody gets in."""
    taken: bool = False
    """Whether another one has its lock."""
    generations: dict[str, InstalledEnvironment] = field(default_factory=dict)
    """What is written down of them, by store path."""
    timeouts: list[float | None] = field(default_factory=list)
    """How long each that opened it was given."""
    reached: list[str | None] = field(default_factory=list)


@dataclass
class FakePlot:
    """Implements `Plot` over a `FakeMachineState`."""

    state: FakeMachineState

    def facts(self, files: Sequence[str], *, reach: str | None = None) -> MachineFacts:
        self._can("facts")
        self.state.reached.append(reach)
        there = {
            path: sha256(self.state.files[path].encode()).hexdigest()
            for path in files
            if path in self.state.files
        }
        earth = Earth(
            files=there,
            record=self.state.record,
            store_path=self.state.store_path,
            on_path=self.state.on_path,
            capsule=self.state.capsule,
            capsule_stamp=self.state.capsule_stamp,
        )
        return self.state.facts.model_copy(update={"earth": earth})

    @contextmanager
    def alone(self) -> Iterator[None]:
        self._can("alone")
        if self.state.taken:
            raise Conflict("another Capsule plants or installs on web at this moment")
        self.state.taken = True
        try:
            yield
        finally:
            self.state.taken = False

    def install_nix(self, installer: Installer, *, multi_user: bool, heard: Heard) -> str:
        self._does(f"install_nix {'daemon' if multi_user else 'no-daemon'}")
        heard("performing an installation of Nix...")
        nix = {"nix": "/nix/var/nix/profiles/default/bin/nix", "nix_version": "2.28.3"}
        self.state.facts = self.state.facts.model_copy(update=nix)
        return "2.28.3"

    def write(self, files: Sequence[PlantFile]) -> None:
        for file in files:
            self._does(f"write {file.path}")
            self.state.files[file.path] = file.text

    def build(self, flake_folder: str, *, heard: Heard) -> str:
        self._nix()
        self._does(f"build {flake_folder}", NixFailed)
        heard("building '/nix/store/…-capsule.drv'...")
        flake = self.state.files.get(f"{flake_folder}/flake.nix")
        if flake is None:
            raise NixFailed(f"nix failed: no flake in {flake_folder}")
        self.state.files.setdefault(f"{flake_folder}/flake.lock", '{"version": 7}')
        built = f"/nix/store/{sha256(flake.encode()).hexdigest()[:32]}-capsule"
        self.state.store.add(built)
        return self._become(built)

    def adopt(self, store_path: str) -> str:
        self._nix()
        self._does("adopt", NixFailed)
        if store_path not in self.state.store:
            raise NixFailed(f"nix failed: {store_path} is not in the store")
        return self._become(store_path)

    def enter_path(self) -> None:
        self._does("enter_path")
        self.state.on_path = True

    def install_capsule(self, wheel: Wheel, *, heard: Heard) -> None:
        self._does("install_capsule")
        if self.state.capsule == OwnCapsule.FOREIGN:
            raise CommandFailed("Capsule itself could not be installed: it is not ours")
        self.state.capsule = OwnCapsule.OURS
        self.state.capsule_stamp = wheel.sha256
        self.state.capsule_version = wheel.version

    def record(self, record: PlantRecord) -> None:
        self._does("record")
        self.state.record = record

    def remember(self, environment: InstalledEnvironment) -> None:
        self._does("remember")
        self.state.generations[environment.store_path] = environment

    def rooted(self) -> Rooted:
        self._can("rooted")
        seen = self.state.on_path and not self.state.shell_leaves_early
        return Rooted(
            environment_on_path=seen,
            program="htop" if self.state.store_path else None,
            found=f"{self.state.store_path}/bin/htop" if seen and self.state.store_path else None,
            capsule_version=self.state.capsule_version if seen else None,
        )

    def _become(self, store_path: str) -> str:
        self.state.store_path = store_path
        return store_path

    def _nix(self) -> None:
        if self.state.facts.nix is None:
            raise NixFailed("nix failed: there is no nix program")

    def _does(self, what: str, error: type[CommandFailed] = CommandFailed) -> None:
        self._can(what.partition(" ")[0], error)
        self.state.steps.append(what)

    def _can(self, method: str, error: type[CommandFailed] = CommandFailed) -> None:
        if not self.state.up:
            raise HostUnreachable("lost the connection")
        if method == self.state.breaks_at:
            raise error(f"{method} failed on web")


class FakePlots:
    """Implements `Plots`. A machine that was not added does not answer.

    Where it stands `everywhere` each is there as soon as somebody asks for it.
    """

    def __init__(self, **machines: FakeMachineState) -> None:
        self.machines: dict[str | None, FakeMachineState] = {}
        self.machines.update(machines.items())
        self.asked: list[bool] = []
        self.everywhere = False

    @contextmanager
    def open(
        self,
        machine: Target | Destination | None,
        *,
        may_ask: bool = False,
        timeout_seconds: float | None = None,
    ) -> Iterator[Plot]:
        name = _name(machine) if machine else None
        if self.everywhere:
            self.machines.setdefault(name, FakeMachineState())
        state = self.machines.get(name)
        self.asked.append(may_ask)
        if state is None or not state.up:
            raise HostUnreachable("cannot reach it: connection refused")
        if state.closed_by is not None:
            raise state.closed_by
        state.timeouts.append(timeout_seconds)
        yield FakePlot(state)


@dataclass
class FakeGreenhouse:
    """Implements `Greenhouse`: a Nix here that builds, and sends to the machines of `plots`."""

    plots: FakePlots
    builds_for: str | None = "x86_64-linux"
    lock: str = '{"version": 7, "made": "here"}'
    calls: list[str] = field(default_factory=list)
    timeouts: list[float | None] = field(default_factory=list)
    takes: Callable[[], None] = lambda: None
    """Called while it builds."""

    def system(self) -> str | None:
        return self.builds_for

    def build(
        self,
        flake: PlantFile,
        lock: PlantFile | None,
        *,
        heard: Heard,
        timeout_seconds: float | None = None,
    ) -> Grown:
        if self.builds_for is None:
            raise ToolMissing("Nix", hint="capsule bootstrap")
        self.calls.append("build")
        self.timeouts.append(timeout_seconds)
        self.takes()
        heard("building here")
        path = flake.path.replace("flake.nix", "flake.lock")
        made = lock or PlantFile(path=path, text=self.lock)
        return Grown(store_path=f"/nix/store/{flake.sha256[:32]}-capsule", lock=made)

    def send(
        self,
        store_path: str,
        machine: Target | Destination,
        *,
        nix: str,
        heard: Heard,
        timeout_seconds: float | None = None,
    ) -> None:
        self.timeouts.append(timeout_seconds)
        self.calls.append(f"send to {machine.label} by {nix}")
        self.plots.machines[_name(machine)].store.add(store_path)


def _name(machine: Target | Destination) -> str | None:
    return machine.host if isinstance(machine, Destination) else machine.name


@dataclass
class FakeSeeds:
    """Implements `Seeds`."""

    files: tuple[PlantFile, ...] = ()
    locks: dict[str, str] = field(default_factory=dict)
    version: str = "0.1.0"

    def own_files(self, environment: Environment) -> Sequence[PlantFile]:
        return self.files

    def lock(self, profile: str) -> PlantFile | None:
        text = self.locks.get(profile)
        if text is None:
            return None
        return PlantFile(path=f"environment/{profile}/flake.lock", text=text)

    def wheel(self) -> Wheel:
        digest = sha256(self.version.encode()).hexdigest()
        name = f"capsule_xnode-{self.version}-py3-none-any.whl"
        return Wheel(path=f"/here/{name}", version=self.version, sha256=digest, size_bytes=300_000)


@dataclass
class FakeNixInstallers:
    """Implements `NixInstallers`. Without a `network` nothing is fetched."""

    network: bool = True
    fetched: int = 0

    @property
    def url(self) -> str:
        return "https://example.org/nix/install"

    def fetch(self) -> Installer:
        if not self.network:
            raise HostUnreachable("the Nix installer cannot be downloaded: no network")
        self.fetched += 1
        return Installer(url=self.url, path="/here/nix.sh", sha256="ab" * 32, size_bytes=4000)


def planted_everywhere() -> dict[str, object]:
    """The ports of a wiring by which a profile goes onto every machine that is rented."""
    plots = FakePlots()
    plots.everywhere = True
    return {
        "plots": plots,
        "greenhouse": FakeGreenhouse(plots),
        "seeds": FakeSeeds(),
        "nix_installers": FakeNixInstallers(),
        "renderer": FakeNixRenderer(),
    }
