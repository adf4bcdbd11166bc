"""Options that are set, against those that there are."""

from typing import Any

import pytest

from capsule_domain.models.finding import Severity
from capsule_domain.models.package import NixosOption
from capsule_domain.models.setting import Foreign, Kind, Reading, Setting, Value
from capsule_domain.services.check_options import Judged, check_options
from capsule_domain.services.option_types import fits, inside
from tests.fakes.package_index import FakePackageIndex

KINDS = {
    "environment.etc": "attribute set of (submodule)",
    "environment.etc.<name>.text": 'null or strings concatenated with "\\n"',
    "networking.firewall.allowedTCPPorts": (
        "list of 16 bit unsigned integer; between 0 and 65535 (both inclusive)"
    ),
    "services.nginx.enable": "boolean",
    "services.nginx.package": "package",
    "services.nginx.virtualHosts": "attribute set of (submodule)",
    "services.nginx.virtualHosts.<name>.root": "null or absolute path",
    "services.openssh.settings": "open submodule of attribute set of (atom)",
    "services.openssh.settings.UseDns": "boolean",
    "services.undescribed": "attribute set of (submodule)",
    "system.activation": "attribute set of (boolean or submodule)",
    "system.activation.<name>.deps": "list of string",
    "users.mode": 'one of "a", "b"',
    'boot.kernel.sysctl."vm.max"': "null or unsigned integer, meaning >=0",
}
OPTIONS = [
    *(NixosOption(name=name, kind=kind) for name, kind in KINDS.items()),
    NixosOption(name="services.gone", hidden=True, removed=True),
    NixosOption(name="services.old", hidden=True, instead="services.nginx.enable"),
    NixosOption(name="services.odd", kind="boolean", hidden=True),
    NixosOption(name="warnings", kind="list of string", internal=True),
]


def text(said: str | None = "x") -> Value:
    return Value(kind=Kind.TEXT, said=said)


def number(said: int) -> Value:
    return Value(kind=Kind.INTEGER, said=said)


def several(*items: Value) -> Value:
    return Value(kind=Kind.LIST, items=items)


TRUE = Value(kind=Kind.BOOLEAN, said=True)
NULL = Value(kind=Kind.NULL)
COMPUTED = Value(kind=Kind.COMPUTED)
EMPTY = Value(kind=Kind.SET)


def judge(path: str, value: Value = TRUE, **more: Any) -> Judged:
    parts = tuple(None if part == "?" else part for part in path.split("/"))
    setting = Setting(path=parts, value=value, file="/c/a.nix", line=3)
    reading = Reading.model_validate({"settings": (setting,), **more})
    return check_options(reading, FakePackageIndex([], OPTIONS))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("services/nginx/enable", TRUE),
        ("services/nginx/enable", COMPUTED),
        ("services/nginx", EMPTY),
        ("services/nginx/virtualHosts/www.example.org/root", text("/srv")),
        ("services/nginx/virtualHosts/?/root", NULL),
        ("services/nginx/virtualHosts", EMPTY),
        ("services/openssh/settings/Anything", number(1)),
        ("environment/etc/a file/text", text(None)),
        ("boot/kernel/sysctl/vm.max", number(0)),
        ("networking/firewall/allowedTCPPorts", several(number(80), COMPUTED)),
        ("system/activation/x", TRUE),
        ("warnings", several(text())),
        ("services/nginx/package", COMPUTED),
    ],
)
def test_what_exists_and_fits_is_no_finding(path: str, value: Value) -> None:
    assert judge(path, value).findings == []


@pytest.mark.parametrize(
    ("path", "value", "rule", "message"),
    [
        (
            "services/nginx/enabel",
            TRUE,
            "unknown-option",
            "there is no option services.nginx.enabel; did you mean services.nginx.enable?",
        ),
        (
            "servces/nginx/enable",
            TRUE,
            "unknown-option",
            "there is no option servces; did you mean services.nginx.enable?",
        ),
        (
            "services/nginx/virtualHosts/?/rot",
            TRUE,
            "unknown-option",
            "did you mean services.nginx.virtualHosts.<…>.root?",
        ),
        (
            "services/nginx/enable",
            text("yes"),
            "option-type",
            'services.nginx.enable takes boolean, and is set to "yes"',
        ),
        (
            "networking/firewall/allowedTCPPorts",
            several(number(70_000)),
            "option-type",
            "65535 (both inclusive), and is set to a list",
        ),
        ("services/nginx", TRUE, "option-type", "services.nginx holds options"),
        ("users/mode", text("c"), "option-type", 'takes one of "a", "b"'),
        ("services/gone", TRUE, "removed-option", "services.gone was removed from NixOS"),
        ("services/gone/deeper", TRUE, "removed-option", "services.gone was removed from NixOS"),
        ("services/nginx/package", number(1), "option-type", "takes package"),
    ],
)
def test_what_does_not_is_an_error_with_its_place(
    path: str, value: Value, rule: str, message: str
) -> None:
    [finding] = judge(path, value).findings
    assert (finding.rule, finding.severity) == (rule, Severity.ERROR)
    assert message in finding.message
    assert (finding.file, finding.line) == ("/c/a.nix", 3)
    assert finding.hint


def test_a_renamed_option_is_a_warning_that_names_the_new_one() -> None:
    [finding] = judge("services/old").findings
    assert finding.severity is Severity.WARNING
    assert finding.message == "services.old was renamed to services.nginx.enable"
    [finding] = judge("services/odd", text()).findings
    assert (finding.rule, finding.severity) == ("hidden-option", Severity.INFO)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("?/x", TRUE),
        ("services/?/enable", TRUE),
        ("services/nginx", COMPUTED),
        ("services/undescribed/x/y", TRUE),
    ],
)
def test_what_only_evaluating_would_tell_is_counted(path: str, value: Value) -> None:
    judged = judge(path, value)
    assert (judged.findings, judged.judged, judged.unjudged) == ([], 0, 1)


def test_options_of_the_configurations_own_are_known_and_so_are_their_misspellings() -> None:
    own: dict[str, Any] = {"declared": (("mine", "web", "enable"), ("services", "mine", "port"))}
    assert judge("mine/web/enable", **own).findings == []
    assert judge("services/mine/port/deeper", **own).findings == []
    [finding] = judge("mine/web/enabel", **own).findings
    assert "did you mean mine.web.enable?" in finding.message


def test_modules_from_elsewhere_may_declare_what_nobody_knows() -> None:
    known: dict[str, Any] = {
        "foreign": (Foreign(text="inputs.sops-nix.nixosModules.sops", file="f", line=1),)
    }
    assert judge("sops/secrets/x", **known).unjudged == 1
    assert judge("services/nginx/enabel", **known).findings[0].severity is Severity.ERROR
    other: dict[str, Any] = {
        "foreign": (Foreign(text="inputs.mine.module", file="/c/flake.nix", line=9),)
    }
    assert judge("mine/x", **other).unjudged == 1
    [finding] = judge("services/nginx/enabel", **other).findings
    assert finding.severity is Severity.WARNING
    assert finding.hint == "wrong, unless inputs.mine.module (/c/flake.nix:9) declares it"


@pytest.mark.parametrize(
    ("words", "value", "answer"),
    [
        ("null or boolean", NULL, True),
        ("null or boolean", number(1), False),
        ("positive integer, meaning >0", number(0), False),
        ("signed integer", number(-1), True),
        ("signed integer or floating point number", Value(kind=Kind.FLOAT, said=1.5), True),
        ("string", Value(kind=Kind.PATH, said="./x"), False),
        ("string", text(None), True),
        ("string matching the pattern [a-z]+", text("A"), None),
        ("string matching the pattern [a-z]+", number(1), False),
        ("absolute path", text("relative"), False),
        ("absolute path", Value(kind=Kind.PATH, said="./x"), True),
        ("list of (string or signed integer)", several(text(), number(1)), True),
        ("list of (string or signed integer)", several(TRUE), False),
        ("list of string", text(), False),
        ('one of "a or b", "c"', text("a or b"), True),
        ('one of "a or b", "c"', text(None), None),
        ("one of 1, 2", TRUE, False),
        ("one of <value>, 2", TRUE, None),
        ("attribute set of string", TRUE, False),
        ("package or string convertible to it", number(1), False),
        ("TOML value", TRUE, None),
        ("of a kind that nobody knows", TRUE, None),
        ("boolean", COMPUTED, None),
    ],
)
def test_a_value_fits_a_type_does_not_or_nobody_can_tell(
    words: str, value: Value, *, answer: bool | None
) -> None:
    assert fits(words, value) is answer


@pytest.mark.parametrize(
    ("words", "depth", "found"),
    [
        ("attribute set of (attribute set of string)", 2, "string"),
        ("null or (attribute set of boolean)", 1, "boolean"),
        ("attribute set of (submodule)", 1, "(submodule)"),
        ("attribute set of (submodule)", 2, None),
        ("open submodule of\nanything", 3, "anything"),
        ("JSON value", 4, "anything"),
        ("attribute set", 1, "anything"),
        ("boolean", 1, None),
        ("package", 1, None),
    ],
)
def test_the_type_inside_a_type(words: str, depth: int, found: str | None) -> None:
    assert inside(words, depth) == found


def test_a_list_of_settings_is_judged_one_by_one() -> None:
    good = Setting(path=("warnings",), value=several(), file="a", line=1)
    bad = Setting(path=("nothing",), value=TRUE, file="b", line=2)
    reading = Reading(settings=(good, bad), computed=3)
    judged = check_options(reading, FakePackageIndex([], OPTIONS))
    assert (judged.judged, judged.unjudged, len(judged.findings)) == (2, 3, 1)
