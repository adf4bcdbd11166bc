"""Would this profile install?"""

import pytest

from capsule_domain.errors import HostUnreachable, NixFailed
from capsule_domain.models.finding import Severity
from capsule_domain.models.forecast import Forecast, Inspection, PackageFacts
from capsule_domain.models.package import Package
from capsule_domain.ports.settings import Settings
from capsule_domain.services.check import Check
from capsule_domain.services.environment import ManageProfile
from tests.fakes.choices import FakeChoices
from tests.fakes.nix_environment import FakeNixEnvironment
from tests.fakes.nix_tool import FakeNixTool
from tests.fakes.package_index import FakePackageIndex
from tests.fakes.presets import FakePresets
from tests.services.installing import Somebody, TellingRenderer


def run(somebody: Somebody, *, offline: bool = False) -> Inspection:
    return somebody.check().run(offline=offline, progress=somebody.progress)


def steps(seen: Inspection) -> dict[str, bool]:
    return {step.name: step.done for step in seen.steps}


def test_a_sound_profile_passes_every_step() -> None:
    seen = run(Somebody())
    assert seen.ok
    assert steps(seen) == dict.fromkeys(("graph", "parse", "evaluation", "forecast"), True)
    assert [step.detail for step in seen.steps] == [
        "1 stack, 2 packages",
        "the flake is Nix",
        "2 packages looked at",
        "3 to download, 1.5 MiB, 0 to build here",
    ]
    assert (seen.changes, seen.added, seen.removed) == (True, ("git", "jq"), ())


def test_what_is_installed_already_changes_nothing() -> None:
    somebody = Somebody()
    somebody.setup()
    seen = run(somebody)
    assert (seen.changes, seen.added, seen.removed) == (False, (), ())


def test_checking_installs_nothing() -> None:
    somebody = Somebody()
    run(somebody)
    assert somebody.environment.generations() == []
    assert somebody.environment.locked_anew == []


def test_a_profile_that_does_not_hold_is_a_finding_and_stops_all_else() -> None:
    somebody = Somebody()
    somebody.choose("jq", stacks=("wbe",))
    seen = run(somebody)
    [finding] = seen.findings
    assert (finding.rule, finding.severity) == ("graph", Severity.ERROR)
    assert "did you mean web?" in finding.message
    assert not seen.ok
    assert steps(seen) == {"graph": True, "parse": False, "evaluation": False, "forecast": False}


def test_a_profile_s_file_that_does_not_hold_is_named_with_its_line() -> None:
    choices = FakeChoices(Settings(active_profile="mine"), broken=["mine"])
    profiles = ManageProfile(choices, FakePresets())
    check = Check(profiles, TellingRenderer(), FakeNixTool(), FakeNixEnvironment())
    [finding] = check.run(offline=False, progress=lambda _s, _l: None).findings
    assert (finding.file, finding.line) == ("configs/mine.yml", 1)
    assert finding.message == "not valid YAML"


def test_a_flake_that_does_not_parse_is_not_evaluated() -> None:
    somebody = Somebody()
    somebody.environment.unparsable[somebody.flake] = 4
    seen = run(somebody)
    assert [(f.file, f.line) for f in seen.findings] == [("flake.nix", 4)]
    assert steps(seen) == {"graph": True, "parse": True, "evaluation": False, "forecast": False}


@pytest.mark.parametrize(
    ("somebody", "offline", "done", "why"),
    [
        (Somebody(nix=FakeNixTool(None)), False, ["graph"], "Nix is not installed"),
        (Somebody(nix=FakeNixTool("2.3")), False, ["graph", "parse"], "nix 2.3 is too old"),
        (Somebody(), True, ["graph", "parse"], "--offline was given"),
        (
            Somebody(FakeNixEnvironment(locking=HostUnreachable("no network here"))),
            False,
            ["graph", "parse"],
            "no network here",
        ),
        (
            Somebody(FakeNixEnvironment(locking=NixFailed("cannot lock the flake"))),
            False,
            ["graph", "parse"],
            "cannot lock the flake",
        ),
        (
            Somebody(FakeNixEnvironment(looking=HostUnreachable("no network here"))),
            False,
            ["graph", "parse"],
            "no network here",
        ),
        (
            Somebody(FakeNixEnvironment(evaluating=HostUnreachable("no network here"))),
            False,
            ["graph", "parse", "evaluation"],
            "no network here",
        ),
    ],
)
def test_what_this_machine_cannot_do_is_no_finding_and_is_said(
    somebody: Somebody, *, offline: bool, done: list[str], why: str
) -> None:
    seen = run(somebody, offline=offline)
    assert seen.ok
    assert [step.name for step in seen.steps if step.done] == done
    left = [step for step in seen.steps if not step.done]
    assert len(done) + len(left) == 4
    assert all(why in step.detail for step in left)
    assert seen.changes is None


@pytest.mark.parametrize(
    ("fact", "rule", "message"),
    [
        (PackageFacts(found=False), "missing", "no package named 'jq'"),
        (PackageFacts(evaluates=False), "removed", "removed or renamed"),
        (PackageFacts(broken=True), "broken", "jq is marked as broken in nixpkgs"),
        (PackageFacts(insecure=True), "insecure", "jq has known vulnerabilities"),
        (PackageFacts(unfree=True, name="jq-own"), "unfree", "jq-own is not among the allowed"),
    ],
)
def test_a_package_that_cannot_be_installed_is_a_finding_with_a_remedy(
    fact: PackageFacts, rule: str, message: str
) -> None:
    seen = run(Somebody(FakeNixEnvironment(facts={"jq": fact})))
    [finding] = seen.findings
    assert (finding.rule, finding.severity) == (rule, Severity.ERROR)
    assert message in finding.message
    assert finding.hint
    assert not seen.ok
    assert steps(seen)["forecast"] == (rule == "broken")


def test_everything_that_is_wrong_is_told_at_once() -> None:
    wrong = PackageFacts(broken=True, insecure=True, unfree=True)
    seen = run(Somebody(FakeNixEnvironment(facts={"jq": wrong, "git": PackageFacts(found=False)})))
    assert [f.rule for f in seen.findings] == ["missing", "broken", "insecure", "unfree"]


def test_a_licence_that_is_allowed_by_name_is_no_finding() -> None:
    somebody = Somebody(FakeNixEnvironment(facts={"jq": PackageFacts(name="jq", unfree=True)}))
    somebody.choose("jq", unfree=("jq",))
    assert run(somebody).findings == ()


def test_what_is_for_another_platform_is_a_warning() -> None:
    elsewhere = PackageFacts(available=False, unfree=True, system="x86_64-linux")
    seen = run(Somebody(FakeNixEnvironment(facts={"jq": elsewhere})))
    [finding] = seen.findings
    assert (finding.rule, finding.severity) == ("platform", Severity.WARNING)
    assert seen.ok


def test_with_an_index_at_hand_the_name_that_was_meant_is_suggested() -> None:
    environment = FakeNixEnvironment(facts={"ripgrp": PackageFacts(found=False)})
    index = FakePackageIndex([Package(attribute="ripgrep")])
    somebody = Somebody(environment, index=index)
    somebody.choose("ripgrp")
    [finding] = run(somebody).findings
    assert finding.message == "no package named 'ripgrp'; did you mean ripgrep?"
    somebody.index = FakePackageIndex()
    [finding] = run(somebody).findings
    assert finding.message == "no package named 'ripgrp'"


@pytest.mark.parametrize(
    ("environment", "rule"),
    [
        (FakeNixEnvironment(looking=NixFailed("infinite recursion")), "evaluation"),
        (FakeNixEnvironment(evaluating=NixFailed("infinite recursion")), "forecast"),
    ],
)
def test_a_nixpkgs_that_does_not_evaluate_is_a_finding(
    environment: FakeNixEnvironment, rule: str
) -> None:
    seen = run(Somebody(environment))
    [finding] = seen.findings
    assert (finding.rule, finding.message) == (rule, "infinite recursion")
    assert set(steps(seen)) == {"graph", "parse", "evaluation", "forecast"}


def test_what_nix_cannot_come_by_is_a_finding() -> None:
    seen = run(Somebody(FakeNixEnvironment(forecast=Forecast(store_path="", unknown=("lost-1",)))))
    [finding] = seen.findings
    assert "lost-1" in finding.message
    assert not seen.ok
