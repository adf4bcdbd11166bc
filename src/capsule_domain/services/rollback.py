"""Rollback: an earlier generation of the person's packages becomes the current one."""

from dataclasses import dataclass

from capsule_domain.errors import Conflict, NotFound
from capsule_domain.models.generation import Generation
from capsule_domain.ports.nix_environment import NixEnvironment, Progress


@dataclass(frozen=True)
class Rollback:
    """Goes back, or forward, to a generation that is there."""

    environment: NixEnvironment

    def target(self, number: int | None) -> Generation:
        """The generation of that number; None is the one before the current.

        Raises NotFound for a number that there is not, Conflict when there is none before.
        """
        known = {one.generation: one for one in self.environment.generations()}
        if number is not None:
            if number not in known:
                raise NotFound("generation", str(number), hint="capsule generations")
            return known[number]
        current = next((one.generation for one in known.values() if one.current), None)
        if current is None:
            raise Conflict("nothing is installed yet", hint="capsule setup")
        earlier = [other for other in known if other < current]
        if not earlier:
            raise Conflict(
                f"generation {current} is the first: there is none before it",
                hint="capsule generations",
            )
        return known[max(earlier)]

    def run(self, target: Generation, *, progress: Progress) -> Generation:
        """Make `target` current. One that is current already changes nothing."""
        if target.current:
            return target
        return self.environment.switch(target.generation, progress=progress)
