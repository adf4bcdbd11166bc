"""Doctor: the order of what was found, and whether it is serious."""

from capsule_domain.models.diagnosis import error, ok, skipped, warning
from capsule_domain.models.finding import Severity
from capsule_domain.services.doctor import ORDER, Doctor, is_ill
from tests.fakes.examination import FakeExamination


def test_what_was_found_stands_in_the_order_in_which_it_is_read() -> None:
    found = [ok("sandbox", "…"), ok("unheard-of", "…"), ok("python", "…"), ok("nix", "…")]
    told = Doctor(FakeExamination(found)).run()
    assert [one.rule for one in told] == ["python", "nix", "sandbox", "unheard-of"]


def test_several_findings_of_one_thing_stay_in_their_order() -> None:
    found = [error("disk", "second", hint="df"), ok("python", "…"), ok("disk", "third")]
    told = Doctor(FakeExamination(found)).run()
    assert [one.message for one in told] == ["…", "second", "third"]


def test_only_an_error_is_an_illness() -> None:
    mild = [ok("nix", "…"), skipped("clock", "…"), warning("disk", "…", hint="df")]
    assert not is_ill(mild)
    assert is_ill([*mild, error("state", "…", hint="restore")])


def test_a_verdict_has_the_severity_that_other_checks_know() -> None:
    told = [ok("a", ""), skipped("a", ""), warning("a", "", hint=""), error("a", "", hint="")]
    assert [one.severity for one in told] == [
        Severity.INFO,
        Severity.INFO,
        Severity.WARNING,
        Severity.ERROR,
    ]


def test_offline_is_passed_on() -> None:
    examination = FakeExamination()
    Doctor(examination).run(offline=True)
    Doctor(examination).run()
    assert examination.asked == [True, False]


def test_no_rule_stands_twice_in_the_order() -> None:
    assert len(set(ORDER)) == len(ORDER)
