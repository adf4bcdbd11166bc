"""The lint against lock-out: which rule says what of which change."""

import pytest

from capsule_domain.errors import UsageError
from capsule_domain.models.evaluated_system import EvaluatedSystem
from capsule_domain.models.finding import Severity
from capsule_domain.models.live_system import LiveSystem
from capsule_domain.models.secret import Leak
from capsule_domain.services.lockout import RULES, allowed_rules, lockout
from tests.services.lint import live, new
from tests.services.lockout_cases import CLOSED, DOUBTED, FORBIDDEN, QUIET


def found(machine: LiveSystem, system: EvaluatedSystem) -> list[tuple[str, str, Severity]]:
    numbers = {rule.name: rule.number for rule in RULES}
    return [(numbers[one.rule], one.message, one.severity) for one in lockout(machine, system)]


@pytest.mark.parametrize(("number", "machine", "system", "words"), FORBIDDEN)
def test_a_rule_forbids(
    number: str, machine: LiveSystem, system: EvaluatedSystem, words: str
) -> None:
    errors = [one for one in found(machine, system) if one[2] is Severity.ERROR]
    assert [one[0] for one in errors] == [number]
    assert words in errors[0][1]


@pytest.mark.parametrize(("number", "machine", "system", "words"), DOUBTED)
def test_a_rule_says_what_is_not_known(
    number: str, machine: LiveSystem, system: EvaluatedSystem, words: str
) -> None:
    [(said, message, severity)] = found(machine, system)
    assert (said, severity) == (number, Severity.WARNING)
    assert words in message


@pytest.mark.parametrize(
    ("machine", "system"), [case[1:] for case in QUIET], ids=[c[0] for c in QUIET]
)
def test_what_does_no_harm_is_not_spoken_of(machine: LiveSystem, system: EvaluatedSystem) -> None:
    assert found(machine, system) == []


@pytest.mark.parametrize(
    ("number", "machine", "system"),
    [case[:3] for case in FORBIDDEN if case[0] not in ("L13", "L14")],
)
def test_what_a_person_allows_is_said_and_not_forbidden(
    number: str, machine: LiveSystem, system: EvaluatedSystem
) -> None:
    by_number = {rule.number: rule.name for rule in RULES}
    for word in (number, number.lower(), by_number[number]):
        findings = lockout(machine, system, allowed=[word])
        assert [one.severity for one in findings] == [Severity.WARNING] * len(findings)
        assert any(one.message.endswith("(allowed)") for one in findings)


def test_an_error_names_the_remedy_and_the_way_around_it() -> None:
    [finding] = lockout(live(), new(**CLOSED))
    assert finding.hint == (
        "services.openssh.openFirewall = true; if it is meant: --allow ssh-port-closed"
    )
    [busy] = lockout(live(busy=("x.service",)), new())
    assert "--allow" not in (busy.hint or "")


def test_a_secret_is_told_with_its_place() -> None:
    leak = Leak(file="configuration.nix", line=3, rule="a key of AWS")
    [finding] = lockout(live(), new(), leaks=[leak])
    assert (finding.rule, finding.severity) == ("secret-in-files", Severity.ERROR)
    assert finding.message.startswith("configuration.nix:3: a key of AWS")
    [allowed] = lockout(live(), new(), leaks=[leak], allowed=["L15"])
    assert allowed.severity is Severity.WARNING


def test_a_key_that_we_know_ourselves_counts_too() -> None:
    machine = live(session={"key_fingerprint": None})
    closed = new(ssh={"authorized_keys_in_homedir": False})
    assert lockout(machine, closed, fingerprints=["SHA256:elsewhere"])[0].rule == "login-lost"


def test_started_anew_nothing_needs_a_start() -> None:
    changed = new(inhibitors={"dbus-implementation": "dbus"}, kernel_version="6.18")
    assert lockout(live(), changed, via_reboot=True) == []


@pytest.mark.parametrize(
    ("machine", "system", "words"),
    [
        (live(boot_loader="grub"), new(boot_loader="grub"), "no guard of Capsule's"),
        (live(profile="/nix/store/b-nixos"), new(guarded=True), "runs another system"),
    ],
)
def test_a_start_that_could_not_be_undone_is_forbidden(
    machine: LiveSystem, system: EvaluatedSystem, words: str
) -> None:
    [finding] = lockout(machine, system, via_reboot=True)
    assert (finding.rule, finding.severity) == ("needs-reboot", Severity.ERROR)
    assert words in finding.message
    assert lockout(machine, system.model_copy(update={"guarded": True})) == []
    if "guard" in words:
        guarded = system.model_copy(update={"guarded": True})
        assert lockout(machine, guarded, via_reboot=True) == []


def test_of_a_placeholder_nothing_else_is_said() -> None:
    system = EvaluatedSystem(
        host="web-1",
        hostname="web-1",
        system="",
        release="",
        state_version="",
        ssh=new().ssh.model_copy(update={"enabled": False}),
        firewall_enabled=True,
        placeholder_hardware=True,
    )
    assert [one.rule for one in lockout(live(), system)] == ["placeholder"]


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("ssh-prot-closed", "did you mean ssh-port-closed?"),
        ("L99", "no rule named 'L99'"),
        ("busy", "nobody can allow"),
        ("l13", "nobody can allow"),
    ],
)
def test_a_rule_that_cannot_be_allowed_is_bad_usage(word: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        lockout(live(), new(), allowed=["L1", word])
    assert words in caught.value.message


def test_rules_are_named_one_by_one_or_with_commas() -> None:
    assert allowed_rules(["L2, other-host", "L10"]) == {"ssh-port-closed", "other-host"}
    assert [rule.number for rule in RULES] == [f"L{number}" for number in range(1, 17)]
