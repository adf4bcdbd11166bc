"""Document: everything that is to be said of a profile."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from capsule_domain.models.nixos import PreviewFormat
from capsule_domain.models.package import Package
from capsule_domain.models.page import Page, PagePackage, PageSource, PageUndo
from capsule_domain.models.profile import Environment
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.nix_environment import NixEnvironment
from capsule_domain.ports.nix_renderer import NixRenderer
from capsule_domain.ports.package_index import PackageIndex
from capsule_domain.services.compose import CHOSEN
from capsule_domain.services.environment import ManageProfile
from capsule_domain.services.installed import PYTHON_SET, current_record, wanted_packages

_SOURCES = (
    (PreviewFormat.FLAKE, "What setup installs", "flake.nix"),
    (PreviewFormat.NIXOS, "The same on a whole NixOS machine", "configuration.nix"),
    (PreviewFormat.HOME, "The same with Home Manager", "home.nix"),
    (PreviewFormat.SHELL, "The same for one shell", "shell.nix"),
)


@dataclass(frozen=True)
class Document:
    """Gathers a profile's page. Needs no Nix and no network."""

    profiles: ManageProfile
    renderer: NixRenderer
    index: PackageIndex
    installed: NixEnvironment
    clock: Clock
    capsule: str

    def run(self, profile: str | None = None) -> Page:
        """The page of a profile; None is the active one. Raises NotFound, ConfigurationError."""
        environment = self.profiles.show(profile)
        active = environment.profile.name == self.profiles.choices.settings().active_profile
        about = self.index.about()
        known = _Known(self.index if about else None, self._versions(environment))
        reasons = _reasons(environment)
        return Page(
            environment=environment,
            active=active,
            packages=tuple(known.row(name, reasons[name]) for name in wanted_packages(environment)),
            sources=tuple(
                PageSource(title=title, name=name, text=self.renderer.preview(environment, form))
                for form, title, name in _SOURCES
            ),
            undo=tuple(_undo(environment, active=active)),
            index=_told(about.nixpkgs.release, about.nixpkgs.revision) if about else None,
            capsule=self.capsule,
            made_at=self.clock.now(),
        )

    def _versions(self, environment: Environment) -> Mapping[str, str]:
        """What is installed of this profile on this machine, if it is the one installed."""
        _, record = current_record(self.installed)
        if record is None or record.profile != environment.profile.name:
            return {}
        return record.versions


@dataclass(frozen=True)
class _Known:
    """What is known of packages: what is installed goes before what an index says."""

    index: PackageIndex | None
    versions: Mapping[str, str] = field(default_factory=dict)

    def row(self, attribute: str, because: tuple[str, ...]) -> PagePackage:
        found = self.index.find(attribute) if self.index else None
        package = found or Package(attribute=attribute)
        return PagePackage(
            attribute=attribute,
            because=because,
            version=self.versions.get(attribute) or package.version,
            installed=attribute in self.versions,
            licence=package.licence,
            unfree=package.unfree,
            summary=package.summary,
        )


def _reasons(environment: Environment) -> dict[str, tuple[str, ...]]:
    """Who brings each package: stacks in their order, then the profile itself."""
    found: dict[str, dict[str, None]] = {name: {} for name in wanted_packages(environment)}
    for entry in environment.stacks:
        python = (f"{PYTHON_SET}{name}" for name in entry.stack.python_packages)
        for name in (*entry.stack.packages, *python):
            if (known := _spelled(name, found)) is not None:
                found[known][entry.stack.name] = None
    for name in environment.profile.packages:
        if (known := _spelled(name, found)) is not None:
            found[known][CHOSEN] = None
    parent = environment.profile.extends
    fallback = (f"profile {parent}",) if parent else (CHOSEN,)
    return {name: tuple(because) or fallback for name, because in found.items()}


def _spelled(name: str, known: Mapping[str, object]) -> str | None:
    """The one spelling of `name` among the `known`; None for what was merged into another."""
    python = PYTHON_SET + name.removeprefix("python3.pkgs.")
    return name if name in known else python if python in known else None


def _undo(environment: Environment, *, active: bool) -> Iterator[PageUndo]:
    """The ways back, the smallest step first."""
    name = environment.profile.name
    if not active:
        yield PageUndo(what=f"First make {name} the active profile", command=_use(name))
    for entry in environment.stacks:
        if CHOSEN in entry.because:
            stack = entry.stack.name
            yield PageUndo(what=f"Take out {stack}", command=f"capsule remove {stack}")
    for package in environment.profile.packages:
        yield PageUndo(what=f"Take out {package}", command=f"capsule pkg remove {package}")
    yield PageUndo(what="Install what the profile says now", command="capsule setup")
    yield PageUndo(what="Back to the packages installed before", command="capsule rollback")
    yield PageUndo(
        what="A NixOS machine back to its system before",
        command="sudo nixos-rebuild switch --rollback",
    )
    yield PageUndo(what="Back to a small profile", command=_use("minimal"))
    yield PageUndo(what="Back to a backup, shown first", command="capsule restore --dry-run")


def _use(profile: str) -> str:
    return f"capsule profile use {profile}"


def _told(release: str | None, revision: str | None) -> str:
    short = revision[:12] if revision else None
    return " ".join(part for part in ("nixpkgs", release, short) if part)
