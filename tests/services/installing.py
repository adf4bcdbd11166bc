"""Somebody with a profile, a Nix and a shell, all in memory."""

from dataclasses import dataclass, field

from capsule_domain.models.generation import Activation
from capsule_domain.models.nixos import PreviewFormat
from capsule_domain.models.profile import Environment, Profile
from capsule_domain.models.stack import Stack
from capsule_domain.ports.nix_environment import Progress
from capsule_domain.ports.settings import Settings
from capsule_domain.services.activate import Activate
from capsule_domain.services.check import Check
from capsule_domain.services.environment import ManageProfile
from tests.fakes.choices import FakeChoices
from tests.fakes.clock import FakeClock
from tests.fakes.nix_environment import FakeNixEnvironment
from tests.fakes.nix_renderer import FakeNixRenderer
from tests.fakes.nix_tool import FakeNixTool
from tests.fakes.package_index import FakePackageIndex
from tests.fakes.presets import FakePresets, stack
from tests.fakes.search_path import FakeSearchPath

STACKS = (stack("python", python_packages=("numpy",)), stack("web", packages=("nginx",)))


class TellingRenderer(FakeNixRenderer):
    """Its flakes differ as their packages do."""

    def preview(self, environment: Environment, form: PreviewFormat) -> str:
        names = [*environment.packages, *environment.python_packages]
        return f"# {form} of {environment.profile.name}\n" + "".join(f"{n}\n" for n in names)


@dataclass
class Somebody:
    """`base` brings git; `choose` gives the active profile other packages."""

    environment: FakeNixEnvironment = field(default_factory=FakeNixEnvironment)
    nix: FakeNixTool = field(default_factory=FakeNixTool)
    search_path: FakeSearchPath = field(default_factory=FakeSearchPath)
    index: FakePackageIndex | None = None
    stacks: tuple[Stack, ...] = STACKS
    clock: FakeClock = field(default_factory=FakeClock)
    agreed: list[Activation] = field(default_factory=list)
    profile: Profile = field(default_factory=lambda: Profile(name="mine", packages=("jq",)))
    beats: list[tuple[float, str]] = field(default_factory=list)

    def choose(self, *packages: str, name: str = "mine", **more: tuple[str, ...]) -> None:
        self.profile = Profile(name=name, packages=packages, **more)

    @property
    def profiles(self) -> ManageProfile:
        choices = FakeChoices(Settings(active_profile=self.profile.name), [self.profile])
        return ManageProfile(choices, FakePresets(self.stacks))

    @property
    def flake(self) -> str:
        return TellingRenderer().preview(self.profiles.show(None), PreviewFormat.FLAKE)

    @property
    def progress(self) -> Progress:
        return lambda seconds, line: self.beats.append((seconds, line))

    def setup(self, *, update: bool = False, dry_run: bool = False) -> Activation:
        service = Activate(
            profiles=self.profiles,
            renderer=TellingRenderer(),
            nix=self.nix,
            environment=self.environment,
            search_path=self.search_path,
            clock=self.clock,
        )
        return service.run(
            update=update, dry_run=dry_run, agree=self.agreed.append, progress=self.progress
        )

    def check(self) -> Check:
        return Check(self.profiles, TellingRenderer(), self.nix, self.environment, self.index)
