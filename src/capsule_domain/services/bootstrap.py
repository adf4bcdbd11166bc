"""Nix onto this machine or another: shown first, then done, then read back."""

from dataclasses import dataclass

from capsule_domain.errors import CommandFailed
from capsule_domain.models.facts import MachineFacts
from capsule_domain.models.planting import Bootstrapped, BootstrapPlan
from capsule_domain.ports.host import Destination
from capsule_domain.ports.plot import Heard, NixInstallers, Plots
from capsule_domain.services.nix_there import nix_way

HERE = "this machine"


@dataclass(frozen=True)
class Bootstrap:
    """Installs Nix by the Nix project's own installer, from a file.

    `may_ask`: somebody sits at this machine's terminal, and can give sudo a password.
    """

    plots: Plots
    installers: NixInstallers
    may_ask: bool = False

    def plan(self, destination: Destination | None) -> BootstrapPlan:
        """What it takes. The installer is downloaded here, and nothing is run.

        Raises HostError, and ConfigurationError for what is in the way on this machine.
        """
        with self.plots.open(destination) as plot:
            facts = plot.facts([], reach=self.installers.url)
        where = destination.label if destination else HERE
        notes = (*_missing_python(facts),)
        if facts.nix is not None and facts.nix_version is not None:
            return BootstrapPlan(
                where=where,
                machine=facts.title,
                nix=facts.nix,
                nix_version=facts.nix_version,
                notes=notes,
            )
        way = nix_way(
            facts,
            place=where if destination else None,
            may_ask=self.may_ask and destination is None,
        )
        return BootstrapPlan(
            where=where,
            machine=facts.title,
            installer=self.installers.fetch(),
            multi_user=way.multi_user,
            arguments=way.arguments,
            notes=(*way.notes, *notes),
        )

    def run(
        self, plan: BootstrapPlan, destination: Destination | None, *, heard: Heard
    ) -> Bootstrapped:
        """Carry `plan` out; Nix is asked for its version over a fresh connection after."""
        if plan.installer is not None:
            with self.plots.open(destination, may_ask=self.may_ask) as plot:
                plot.install_nix(plan.installer, multi_user=plan.multi_user, heard=heard)
        with self.plots.open(destination) as plot:
            facts = plot.facts([])
        if facts.nix is None or facts.nix_version is None:
            raise CommandFailed(
                f"the installer ended well, and {plan.where} has no Nix after it",
                hint="look at what it said above",
            )
        return Bootstrapped(
            where=plan.where,
            nix=facts.nix,
            nix_version=facts.nix_version,
            changed=plan.installer is not None,
            notes=plan.notes,
        )


def _missing_python(facts: MachineFacts) -> list[str]:
    if facts.python is not None:
        return []
    return ["Capsule itself needs Python 3.11 or newer with venv (Debian: python3-venv)"]
