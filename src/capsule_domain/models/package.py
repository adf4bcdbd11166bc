"""Packages of nixpkgs, as an index knows them and as a profile has them."""

from pydantic import Field

from capsule_domain.models.base import Model, Moment
from capsule_domain.models.profile import ProfileChange


class Package(Model):
    """One attribute of nixpkgs. None is what nobody told.

    `name` is what the package calls itself: how a licence is allowed. `is_set` marks
    what is no package but holds some, such as `python3Packages`.
    """

    attribute: str
    name: str | None = None
    version: str | None = None
    summary: str | None = None
    licence: str | None = None
    unfree: bool = False
    is_set: bool = Field(default=False, exclude=True)


class NixosOption(Model):
    """One option of NixOS; `kind` and `default` in Nix's own words.

    `hidden` is one that the manual leaves out: `removed`, renamed (`instead` is its name
    now), or not meant to be set. `internal` is for NixOS' own modules, but may be set.
    """

    name: str
    kind: str = ""
    default: str | None = None
    declared: str | None = None
    hidden: bool = False
    internal: bool = False
    removed: bool = False
    """Setting it is an error, for which NixOS has a reason."""
    instead: str | None = None


class Nixpkgs(Model):
    """Which nixpkgs: `source` is a folder or what it was named by."""

    source: str
    release: str | None = None
    revision: str | None = None


class IndexAbout(Model):
    """What an index was built from, and when. `skipped` counts what Nix could not evaluate."""

    nixpkgs: Nixpkgs
    built_at: Moment
    packages: int
    options: int = 0
    skipped: int = 0


class PackageRow(Model):
    """A package of a profile: `because` of the profile (`chosen`), or of these stacks.

    `custom` is one that the profile itself names. Version and summary are the index's.
    """

    package: str
    custom: bool
    because: tuple[str, ...]
    version: str | None = None
    summary: str | None = None


class PackageChange(ProfileChange):
    """What `pkg add` or `pkg remove` did to the active profile.

    `already` says for packages that are there anyhow because of whom; `absent` names
    those that were to be removed and were not there. `checked`: an index knew the names.
    `unfree` are packages added whose licence is not allowed yet.
    """

    already: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    absent: tuple[str, ...] = ()
    checked: bool = False
    unfree: tuple[str, ...] = ()
