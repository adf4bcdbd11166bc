"""What a switch would change, and what came of it, for a person."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from capsule_cli.closures import paint_difference, signed
from capsule_domain.models.finding import Severity
from capsule_domain.models.switch import SwitchMode
from capsule_domain.models.switch_plan import Result, SwitchPlan, SwitchResult
from capsule_domain.services.endpoint_machines import moved_to

if TYPE_CHECKING:
    from capsule_cli.theme import Cell, Screen

_MOST_PACKAGES = 40
_GOOD = (Result.COMMITTED, Result.NOTHING)


def paint_plan(screen: "Screen", plan: SwitchPlan) -> None:
    """One machine's: where it is, what it would become, and what speaks against that."""
    screen.header(f"Switch of {plan.machine}")
    screen.fields(list(_facts(plan)))
    _paint_remarks(screen, plan)
    if plan.difference is None:
        return
    if plan.difference.is_empty:
        screen.line("the same system")
        return
    screen.section("Packages")
    paint_difference(screen, plan.difference, most=_MOST_PACKAGES)


def paint_plans(screen: "Screen", plans: Sequence[SwitchPlan]) -> None:
    """A row a machine, and below what is to be known of some."""
    screen.header(f"Switch of {len(plans)} machines")
    screen.table(
        ["machine", "configuration", "built", "packages", "size"],
        [(one.machine, one.host or "", one.build_on or "", *_sum(one)) for one in plans],
        right=["packages", "size"],
        whole=["machine"],
    )
    for plan in plans:
        _paint_remarks(screen, plan, whose=f"{plan.machine}: ")


def _sum(plan: SwitchPlan) -> tuple[str, str]:
    """How many packages change, and how much more it takes."""
    if plan.difference is None:
        return "", ""
    return str(len(plan.difference.changes)), signed(plan.difference.size_bytes)


def _paint_remarks(screen: "Screen", plan: SwitchPlan, whose: str = "") -> None:
    for sentence in plan.settled:
        screen.warning(f"{whose}{sentence}")
    for finding in plan.findings:
        paint = screen.failure if finding.severity is Severity.ERROR else screen.warning
        paint(f"{whose}{finding.rule}: {finding.message}")
        if finding.hint:
            screen.hint(finding.hint)


def _facts(plan: SwitchPlan) -> "list[tuple[str, Cell]]":
    facts: list[tuple[str, Cell]] = []
    if plan.host is not None:
        facts.append(("configuration", plan.host))
    if plan.generation is not None:
        facts.append(("generation", str(plan.generation)))
    facts.append(("runs", short(plan.running)))
    if plan.new is not None:
        facts.append(("becomes", short(plan.new)))
    if plan.build_on is not None:
        facts.append(("built on" if plan.build_on != "here" else "built", plan.build_on))
    if plan.mode is SwitchMode.REBOOT:
        facts.append(("by", "a restart"))
    place = moved_to(plan.endpoints)
    if place is not None:
        facts.append(("moves to", _place(place.address, place.port)))
    facts.append(("confirmed", confirmed_at(plan)))
    return facts


def confirmed_at(plan: SwitchPlan) -> str:
    """Where and how long it has to be reached anew."""
    declared = [one for one in plan.endpoints if one.declared] or list(plan.endpoints[-1:])
    if not declared:
        return f"here, within {plan.confirm_seconds} s"
    places = " and ".join(_place(one.address, one.port) for one in declared)
    return f"over a new connection to {places}, within {plan.confirm_seconds} s"


def _place(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def short(path: str) -> str:
    """A store path as people can tell it from another: `abcdefg…-nixos-system-web-26.05`."""
    name = path.rpartition("/")[2]
    digest, _, rest = name.partition("-")
    return f"{digest[:7]}…-{rest}" if rest and len(digest) > 8 else name


def paint_results(screen: "Screen", results: Sequence[SwitchResult]) -> None:
    """A row a machine."""
    screen.header("Switched")
    screen.table(
        ["machine", "result", "generation", "detail"],
        [(one.machine, _mark(one), str(one.generation or ""), one.detail) for one in results],
        whole=["machine", "result"],
    )


def _mark(result: SwitchResult) -> str:
    if result.result in _GOOD:
        return f"✓ {result.result}"
    return f"{'○' if result.result is Result.NOT_BEGUN else '✗'} {result.result}"


def paint_result(screen: "Screen", result: SwitchResult) -> None:
    """One machine's, when it went well."""
    if result.result is Result.NOTHING:
        screen.success(f"{result.machine}: {result.detail}")
        return
    number = "" if result.generation is None else f" as generation {result.generation}"
    screen.success(f"{result.machine} runs {short(result.new)}, and starts with it{number}")
    failed = result.outcome.failed_units if result.outcome else ()
    if failed:
        screen.warning(f"units that failed: {', '.join(failed)}")
