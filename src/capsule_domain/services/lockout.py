"""The lint against lock-out: a configuration beside the machine that it is meant for.

Each rule compares what a configuration says with how the machine is, and how we are
connected to it, now. What a rule cannot know it does not refuse: the trial that follows
reverts by itself.
"""

from collections.abc import Collection, Iterable, Sequence

from capsule_domain.errors import NotFound, UsageError
from capsule_domain.models.evaluated_system import EvaluatedSystem
from capsule_domain.models.finding import Finding, Severity
from capsule_domain.models.live_system import LiveSystem
from capsule_domain.models.secret import Leak
from capsule_domain.services import lockout_access as access
from capsule_domain.services import lockout_system as system
from capsule_domain.services.lockout_case import Case, Rule, Worry
from capsule_domain.services.lockout_network import address_lost

RULES: Sequence[Rule] = (
    Rule("L1", "ssh-off", access.ssh_off),
    Rule("L2", "ssh-port-closed", access.ssh_port_closed),
    Rule("L3", "login-lost", access.login_lost),
    Rule("L4", "root-login-off", access.root_login_off),
    Rule("L5", "address-lost", address_lost),
    Rule("L6", "other-architecture", system.other_architecture),
    Rule("L7", "other-root", system.other_root),
    Rule("L8", "state-version", system.state_version),
    Rule("L9", "boot-loader", system.boot_loader),
    Rule("L10", "other-host", system.other_host),
    Rule("L11", "older-release", system.older_release),
    Rule("L12", "needs-reboot", system.needs_reboot),
    Rule("L13", "placeholder", system.placeholder, always=True),
    Rule("L14", "busy", system.busy, always=True),
    Rule("L15", "secret-in-files", system.secret_in_files),
    Rule("L16", "may-be-banned", access.may_be_banned),
)

_TOLD_WITHOUT_HARDWARE = ("L13", "L14", "L15")


def lockout(
    live: LiveSystem,
    new: EvaluatedSystem,
    *,
    allowed: Collection[str] = (),
    fingerprints: Iterable[str] = (),
    leaks: Sequence[Leak] = (),
    via_reboot: bool = False,
) -> Sequence[Finding]:
    """What speaks against `new` on this machine; an ERROR forbids it.

    `allowed` are rules by number or name: what they forbid becomes a warning.
    `fingerprints` (`SHA256:…`) are of keys that we log in with. Raises UsageError for a rule
    that there is not, or that nobody can allow.
    """
    may = allowed_rules(allowed)
    known = {*fingerprints, *((live.session and live.session.key_fingerprint) or "").split()}
    case = Case(live, new, frozenset(known), leaks, via_reboot)
    rules = RULES
    if new.placeholder_hardware:  # nothing else of it was evaluated
        rules = [rule for rule in RULES if rule.number in _TOLD_WITHOUT_HARDWARE]
    return [finding(rule, worry, may) for rule in rules for worry in rule.judge(case)]


def allowed_rules(words: Iterable[str]) -> frozenset[str]:
    """The names of rules that are named by number or name, several with commas between.

    Raises UsageError.
    """
    by_word = {name.lower(): rule for rule in RULES for name in (rule.number, rule.name)}
    found = set()
    parts = [part.strip() for several in words for part in several.split(",")]
    for word in filter(None, parts):
        rule = by_word.get(word.lower())
        if rule is None:
            names = [rule.name for rule in RULES if not rule.always]
            known = [name for rule in RULES for name in (rule.number, rule.name)]
            unknown = NotFound("rule", word, known=known)
            raise UsageError(unknown.message, hint=f"--allow {'|'.join(names)}")
        if rule.always:
            raise UsageError(f"what {rule.name} ({rule.number}) forbids nobody can allow")
        found.add(rule.name)
    return frozenset(found)


def rule_named(name: str) -> Rule:
    """A rule by its name."""
    return next(rule for rule in RULES if rule.name == name)


def finding(rule: Rule, worry: Worry, allowed: Collection[str]) -> Finding:
    """What a rule says; `allowed` are names of rules."""
    is_error = worry.severity is Severity.ERROR
    if is_error and rule.name in allowed:
        message = f"{worry.message} (allowed)"
        return Finding(rule=rule.name, severity=Severity.WARNING, message=message)
    way_out = "" if rule.always or not is_error else f"; if it is meant: --allow {rule.name}"
    return Finding(
        rule=rule.name,
        severity=worry.severity,
        message=worry.message,
        hint=f"{worry.hint.rstrip(';')}{way_out}" if way_out else worry.hint,
    )
