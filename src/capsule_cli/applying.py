"""From configurations to machines that run them: looked at, built, asked about, switched."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from capsule_cli.heartbeat import listening
from capsule_cli.session import Session
from capsule_cli.switch_meant import Meant
from capsule_cli.switch_screen import paint_plan, paint_plans
from capsule_cli.switching import Ready, switch_all
from capsule_domain.errors import CapsuleError
from capsule_domain.models.switch import SwitchMode
from capsule_domain.services.apply import Candidate, refuse_unsafe
from capsule_domain.services.first_contact import fingerprint
from capsule_domain.services.side_by_side import few_at_once

if TYPE_CHECKING:
    from capsule_cli.theme import Screen
    from capsule_domain.models.switch_plan import SwitchPlan
    from capsule_domain.ports.nix_systems import Progress
    from capsule_domain.services.apply import Apply, Prepared, SwitchWish
    from capsule_domain.services.apply_source import HostSource

Answer = TypeVar("Answer")
Find = Callable[[Meant, "Progress"], "HostSource"]


@dataclass(frozen=True)
class Applying:
    """One run of apply. `many`: asked for as such, so results are a list, even of one."""

    run: Session
    meant: Sequence[Meant]
    wish: "SwitchWish"
    find: Find
    many: bool
    at_once: int

    def to_the_end(self) -> None:
        """All of them are looked at before the first is built, and built before the first is
        switched. Raises what is wrong with any of them.
        """
        run, service = self.run, self.run.wiring.apply()
        with listening(run.out) as heartbeat:
            looked = self._each(heartbeat, lambda at, progress: self._look(service, at, progress))
            heartbeat.clear()
            if run.options.dry_run:
                _show_plans(run, [one.plan for one in looked], many=self.many)
                refuse_unsafe(looked)
                return
            _refuse(run, looked)
            built = self._each(heartbeat, lambda at, progress: service.build(looked[at], progress))
        _ask(run, [one.plan for one in built])
        ready = [
            Ready(one, done.plan, None if done.plan.is_done else service.job(done, self.wish))
            for one, done in zip(self.meant, built, strict=True)
        ]
        switch_all(run, ready, many=self.many, at_once=self.at_once)

    def _look(self, service: "Apply", at: int, progress: "Progress") -> "Prepared":
        one = self.meant[at]
        candidate = Candidate(
            name=one.name,
            key=one.key,
            machine=one.machine,
            source=self.find(one, progress),
            fingerprints=_fingerprints(self.run, one),
        )
        found = service.look(candidate, self.wish, progress)
        return found if found.errors else service.place(found, self.wish)

    def _each(
        self, heartbeat: "Progress", work: Callable[[int, "Progress"], Answer]
    ) -> list[Answer]:
        """Of each machine, or the first error; of many each that failed is told."""
        works = [
            partial(work, at, self._naming(heartbeat, one)) for at, one in enumerate(self.meant)
        ]
        futures = few_at_once(works, at_once=self.at_once)
        for one, future in zip(self.meant, futures, strict=True):
            error = future.exception()
            if self.many and isinstance(error, CapsuleError):
                self.run.out.warn(f"{one.name}: {error.message}")
        return [future.result() for future in futures]

    def _naming(self, heartbeat: "Progress", one: Meant) -> "Progress":
        if not self.many:
            return heartbeat
        return lambda seconds, line: heartbeat(seconds, f"{one.name}: {line}")


def _fingerprints(run: Session, one: Meant) -> Sequence[str]:
    """Of the key that opens an xNode; which a person's ssh will offer nobody knows."""
    if one.xnode is None:
        return ()
    return (fingerprint(run.wiring.keys().deploy_key(one.xnode.ssh_key).public_openssh),)


def _refuse(run: Session, looked: "Sequence[Prepared]") -> None:
    """What forbids it is seen before anybody is told no."""
    if any(one.errors for one in looked) and not (run.out.json or run.out.quiet):
        for one in looked:
            if one.plan.findings:
                paint_plan(run.out.margin, one.plan)
    refuse_unsafe(looked)


def _show_plans(run: Session, plans: "Sequence[SwitchPlan]", *, many: bool) -> None:
    def paint(screen: "Screen") -> None:
        _paint(screen, plans)
        screen.line("nothing was built, and nothing is changed")

    run.out.show(list(plans) if many else plans[0], paint)


def _paint(screen: "Screen", plans: "Sequence[SwitchPlan]") -> None:
    """Many are a table: whoever reads all of all packages reads none."""
    if len(plans) == 1:
        paint_plan(screen, plans[0])
    else:
        paint_plans(screen, plans)


def _ask(run: Session, plans: "Sequence[SwitchPlan]") -> None:
    """Once for all of them."""
    meant = [plan for plan in plans if not plan.is_done]
    if not meant:
        return
    if not (run.out.json or run.out.quiet):
        _paint(run.out.margin, meant)
    run.ask.confirm(question(meant))


def question(plans: "Sequence[SwitchPlan]") -> str:
    """What a person is asked, and what becomes of a machine that nobody confirms."""
    first = plans[0]
    verb = "Restart" if first.mode is SwitchMode.REBOOT else "Switch"
    seconds = first.confirm_seconds
    if len(plans) == 1:
        return (
            f"It goes back by itself unless it is confirmed within {seconds} s.\n"
            f"{verb} {first.machine}?"
        )
    return (
        f"Each goes back by itself unless it is confirmed within {seconds} s.\n"
        "The first that goes back stops those that have not begun.\n"
        f"{verb} these {len(plans)} machines, {first.machine} first?"
    )
