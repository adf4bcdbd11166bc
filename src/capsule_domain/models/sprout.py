"""Sprouts: one tool, whole, by one command."""

from capsule_domain.models.base import Model
from capsule_domain.models.secret import SecretNeed
from capsule_domain.models.stack import AttributePath, Name, PackageName, Platform, Port, Stack

CATEGORY = "sprouts"
"""The category of the stacks that sprouts bring."""


class Sprout(Model):
    """A quick-install recipe: one tool with its stacks and packages, and what to do then.

    `services` is what runs on NixOS and `ports` are the TCP ports opened there, those of
    `stacks` among them. `next` is one line: what to do then. A sprout with a `module`
    needs more of NixOS than stacks give: it is itself a stack, whose module declares
    `options.capsule.<name>`.
    """

    name: Name
    summary: str
    stacks: tuple[Name, ...] = ()
    packages: tuple[AttributePath, ...] = ()
    python_packages: tuple[AttributePath, ...] = ()
    services: tuple[str, ...] = ()
    ports: tuple[Port, ...] = ()
    unfree: tuple[PackageName, ...] = ()
    platforms: tuple[Platform, ...] = ()
    secrets: tuple[SecretNeed, ...] = ()
    next: str
    module: str | None = None

    def as_stack(self) -> Stack | None:
        """The stack that this sprout is; None when stacks and packages are all it needs."""
        if self.module is None:
            return None
        return Stack(
            name=self.name,
            category=CATEGORY,
            summary=self.summary,
            requires=self.stacks,
            packages=self.packages,
            python_packages=self.python_packages,
            services=self.services,
            ports=self.ports,
            unfree=self.unfree,
            platforms=self.platforms,
            secrets=self.secrets,
            module=self.module,
        )
