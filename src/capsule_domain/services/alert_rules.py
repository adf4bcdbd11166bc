"""From figures to readings of rules, and the rules that everyone has. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from capsule_domain.models.alert import Alert, AlertKey, AlertSeverity, AlertState, Reading, Timing
from capsule_domain.models.rule import AlertRule, Bound, Quantity
from capsule_domain.services.measure import Figures, Measured

_MINUTES = 60.0
_GONE = "it is there no more"

Current = Mapping[tuple[str, str], Alert]
"""The last alert of each rule and instance of one subject."""


@dataclass(frozen=True)
class Subject:
    """Whom a rule looks at: an xNode, or with the id "" the fleet as a whole."""

    id: str
    name: str
    tags: frozenset[str] = frozenset()


FLEET = Subject("", "fleet")


class RuleBook:
    """Rules, found by what they look at."""

    def __init__(self, rules: Iterable[AlertRule]) -> None:
        self.by_name = {rule.name: rule for rule in rules if rule.enabled}
        self._by_quantity: dict[Quantity, list[AlertRule]] = {}
        for rule in self.by_name.values():
            self._by_quantity.setdefault(rule.quantity, []).append(rule)

    def readings(
        self, subject: Subject, figures: Figures, current: Current
    ) -> Iterator[tuple[AlertRule, Reading]]:
        """What the rules make of the figures of one subject.

        Where a rule finds nothing wrong, and no alert is open that it could end, there is
        no reading. An instance that is there no more, such as a disk that was taken out,
        reads as fine as soon as its kind is read.
        """
        for quantity, some in figures.items():
            for rule in self._by_quantity.get(quantity, ()):
                if not rule.tags or subject.tags.issuperset(rule.tags):
                    yield from _readings(rule, subject, some, current)

    def covers(self, alert: Alert, tags: Collection[str]) -> bool:
        """Whether there is a rule still by which the alert could end."""
        rule = self.by_name.get(alert.key.rule)
        return rule is not None and set(rule.tags) <= set(tags)


def _readings(
    rule: AlertRule, subject: Subject, figures: Sequence[Measured], current: Current
) -> Iterator[tuple[AlertRule, Reading]]:
    for figure in figures:
        alert = current.get((rule.name, figure.instance))
        level = _level(rule, figure.value, alert)
        if level is None and (alert is None or alert.state is AlertState.RESOLVED):
            continue
        yield (
            rule,
            Reading(
                key=AlertKey(xnode_id=subject.id, rule=rule.name, instance=figure.instance),
                xnode=subject.name,
                level=level,
                message=_message(rule, figure),
                value=figure.value,
            ),
        )
    if not current:
        return
    read = {figure.instance for figure in figures}
    for (name, instance), alert in current.items():
        if name == rule.name and instance not in read and alert.state is not AlertState.RESOLVED:
            yield rule, Reading(key=alert.key, xnode=subject.name, level=None, message=_GONE)


def _level(rule: AlertRule, value: float, alert: Alert | None) -> AlertSeverity | None:
    """The worst severity whose bound holds; a bound held before holds until it is left."""
    fires = alert is not None and alert.state is AlertState.FIRING
    held_rank = alert.severity.rank if alert is not None and fires else -1
    level = None
    for severity, bound in rule.bounds.items():
        if bound.holds(value, held=severity.rank <= held_rank):
            level = severity
    return level


def _message(rule: AlertRule, figure: Measured) -> str:
    """Such as `disk of /var is at 91 %`; a fault's own words where it has some.

    What is guessed says so, wherever it is told.
    """
    if figure.detail:
        return f"a guess: {figure.detail}" if figure.quantity.is_guess else figure.detail
    where = f" of {figure.instance}" if figure.instance else ""
    unit = " %" if figure.quantity.is_percentage else ""
    what = rule.summary or rule.quantity.replace("_", " ")
    return f"{what}{where} is at {figure.value:.4g}{unit}"


def default_rules() -> Sequence[AlertRule]:
    """The rules that everyone has until they are changed. Thresholds are the original's."""
    slow = Timing(for_seconds=5 * _MINUTES, keep_firing_seconds=5 * _MINUTES)
    soon = Timing(for_seconds=_MINUTES, keep_firing_seconds=5 * _MINUTES)
    at_once = Timing(keep_firing_seconds=_MINUTES)
    warning, critical = AlertSeverity.WARNING, AlertSeverity.CRITICAL
    return (
        _percentage("cpu", Quantity.CPU, 75, 90, "CPU", slow),
        _percentage("memory", Quantity.MEMORY, 80, 95, "memory", slow),
        _percentage("disk", Quantity.DISK, 85, 95, "disk", soon),
        _percentage("inodes", Quantity.INODES, 85, 95, "inodes", soon),
        AlertRule(
            name="load",
            quantity=Quantity.LOAD_PER_CORE,
            summary="load per core",
            info=Bound(enter=4, leave=3),
            timing=slow,
        ),
        _fault("service", Quantity.FAILED_UNITS, warning, soon),
        _fault("ssh", Quantity.SSH_FAULT, critical, soon),
        _fault("ping", Quantity.PING_FAULT, warning, soon),
        _fault("tcp", Quantity.TCP_FAULT, critical, soon),
        _fault("http", Quantity.HTTP_FAULT, critical, soon),
        _fault("host-key", Quantity.HOST_KEY_FAULT, critical, at_once),
        AlertRule(
            name="certificate",
            quantity=Quantity.CERTIFICATE_DAYS,
            warning=Bound(enter=21, leave=22),
            critical=Bound(enter=7, leave=8),
            timing=at_once,
        ),
        AlertRule(
            name="ttl",
            quantity=Quantity.TTL_HOURS,
            warning=Bound(enter=1, leave=1.5),
            timing=at_once,
        ),
        AlertRule(
            name="budget",
            quantity=Quantity.BUDGET_PERCENT,
            summary="spending, of the budget in percent,",
            warning=Bound(enter=80, leave=79),
            critical=Bound(enter=100, leave=99),
            timing=at_once,
        ),
        _fault("collector", Quantity.COLLECTOR_FAULT, critical, at_once),
        *_guesses(),
    )


def _guesses() -> Sequence[AlertRule]:
    """Never critical, and each has to be guessed again before anybody hears of it: a disk's
    in the next half hour, the others' in the hour after."""
    unusual = Bound(enter=6, leave=4)
    hours = Timing(for_seconds=50 * _MINUTES, keep_firing_seconds=50 * _MINUTES)
    return (
        AlertRule(
            name="disk-outlook",
            quantity=Quantity.DISK_FULL_HOURS,
            info=Bound(enter=168, leave=240),
            warning=Bound(enter=24, leave=30),
            timing=Timing(for_seconds=25 * _MINUTES, keep_firing_seconds=100 * _MINUTES),
        ),
        AlertRule(name="cpu-unusual", quantity=Quantity.CPU_UNUSUAL, info=unusual, timing=hours),
        AlertRule(
            name="memory-unusual", quantity=Quantity.MEMORY_UNUSUAL, info=unusual, timing=hours
        ),
    )


def with_own(own: Iterable[AlertRule]) -> tuple[AlertRule, ...]:
    """The rules that everyone has, each replaced by one's own of that name, and one's others."""
    named = {rule.name: rule for rule in default_rules()} | {rule.name: rule for rule in own}
    return tuple(named.values())


def _fault(name: str, quantity: Quantity, severity: AlertSeverity, timing: Timing) -> AlertRule:
    bound = {severity.value: Bound(enter=1, leave=0.5)}
    return AlertRule.model_validate({"name": name, "quantity": quantity, "timing": timing, **bound})


def _percentage(  # noqa: PLR0917 (a row of a table)
    name: str, quantity: Quantity, warning: float, critical: float, summary: str, timing: Timing
) -> AlertRule:
    """Left five points below where it is entered, or the figure's own noise would flap."""
    return AlertRule(
        name=name,
        quantity=quantity,
        summary=summary,
        warning=Bound(enter=warning, leave=warning - 5),
        critical=Bound(enter=critical, leave=critical - 5),
        timing=timing,
    )
