"""Update: how this installation is updated, and doing it where that is possible."""

from collections.abc import Sequence
from dataclasses import dataclass

from capsule_domain.models.base import Model
from capsule_domain.ports.installation import Installation, Means, Origin, Progress

Command = tuple[str, ...]
_DISTRIBUTION = "capsule-xnode"


class UpdatePlan(Model):
    """How this Capsule is updated. `automatic`: these commands can be run by Capsule itself.

    `why` says, of one that is not automatic, what a person has to see to.
    """

    origin: Origin
    commands: tuple[Command, ...]
    automatic: bool
    why: str


class Updated(Model):
    """What an update did. Revisions are those of the checkout."""

    plan: UpdatePlan
    changed: bool
    version_before: str
    version_after: str
    revision_before: str | None
    revision_after: str | None


@dataclass(frozen=True)
class Update:
    """Plans an update, and carries the plan out."""

    installation: Installation

    def plan(self) -> UpdatePlan:
        """How to update, found out without any network."""
        return plan_update(self.installation.origin())

    def run(self, plan: UpdatePlan, progress: Progress) -> Updated:
        """Run the plan's commands one after the other, then look what runs now.

        Raises CommandFailed and ToolMissing: what was installed before runs on then.
        """
        for command in plan.commands:
            self.installation.run(command, progress)
        after = self.installation.origin()
        version = self.installation.version()
        before = plan.origin
        return Updated(
            plan=plan,
            changed=(version, after.revision) != (before.version, before.revision),
            version_before=before.version,
            version_after=version,
            revision_before=before.revision,
            revision_after=after.revision,
        )


def plan_update(origin: Origin) -> UpdatePlan:
    """The one way for each means."""
    match origin.means:
        case Means.SCRIPT:
            return _by_script(origin)
        case Means.CHECKOUT:
            return _by_checkout(origin)
        case Means.PIP:
            what = origin.source or _DISTRIBUTION
            pip = (f"{origin.place}/bin/python", "-m", "pip", "install", "--upgrade", what)
            return _by_hand(origin, [pip], "pip installed it")
        case other:
            command, why = _ELSEWHERE[other]
            return _by_hand(origin, [command], why)


_ELSEWHERE: dict[Means, tuple[Command, str]] = {
    Means.PLANTED: (
        ("capsule", "plant", "USER@HOST"),
        "it was planted from another machine; on that one",
    ),
    Means.NIX: (
        ("nix", "profile", "upgrade", "capsule"),
        "it is part of a Nix profile or a system: update that",
    ),
    Means.PIPX: (("pipx", "upgrade", _DISTRIBUTION), "pipx installed it"),
    Means.UV: (("uv", "tool", "upgrade", _DISTRIBUTION), "uv installed it"),
}


def _by_script(origin: Origin) -> UpdatePlan:
    if origin.source is None:
        why = "nobody wrote down where it was installed from: unpack a newer Capsule, and there"
        return _by_hand(origin, [("./install.sh",)], why)
    install: Command = (f"{origin.source}/install.sh", *(["--editable"] * origin.editable))
    commands = [_pull(origin.source), install]
    if origin.obstacle:
        manual = [install] if origin.revision is None else commands
        return _by_hand(origin, manual, origin.obstacle)
    return UpdatePlan(
        origin=origin,
        commands=tuple(commands),
        automatic=True,
        why=f"install.sh installed it from the checkout {origin.source}",
    )


def _by_checkout(origin: Origin) -> UpdatePlan:
    why = "it runs from its checkout, so what stands there is what runs"
    commands = [_pull(origin.source)] if origin.source else []
    return _by_hand(origin, commands, origin.obstacle or why)


def _by_hand(origin: Origin, commands: Sequence[Command], why: str) -> UpdatePlan:
    return UpdatePlan(origin=origin, commands=tuple(commands), automatic=False, why=why)


def _pull(folder: str) -> Command:
    """Only forward: what a person did in the checkout is never merged with."""
    return ("git", "-C", folder, "pull", "--ff-only")
