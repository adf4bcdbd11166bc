"""`capsule doctor`, word for word."""

from pathlib import Path

from capsule_domain.models.diagnosis import error, ok, skipped, warning
from tests.cli.running import capsule, wired
from tests.fakes.examination import FakeExamination

FIELDS = {"rule", "severity", "message", "file", "line", "hint", "verdict"}


def test_each_finding_is_a_line_and_each_remedy_one_below_it() -> None:
    found = [
        warning("nix", "Nix is not installed", hint="capsule bootstrap"),
        ok("python", "Python 3.13.1"),
        skipped("cloud", "digitalocean is not configured"),
    ]
    ran = capsule("doctor", wiring=wired(examination=FakeExamination(found)))
    assert ran.code == 0
    assert ran.stdout == (
        "✓ python  Python 3.13.1\n"
        "⚠ nix     Nix is not installed\n"
        "▸ capsule bootstrap\n"
        "○ cloud   digitalocean is not configured\n"
        "1 ok, 1 skipped, 1 warning\n"
    )
    assert ran.stderr == ""


def test_an_error_ends_with_ten() -> None:
    found = [error("permissions", "open to others", hint="chmod 600 x"), ok("nix", "…")]
    ran = capsule("doctor", wiring=wired(examination=FakeExamination(found)))
    assert ran.code == 10
    assert "✗ permissions  open to others\n▸ chmod 600 x\n" in ran.stdout


def test_json_is_an_array_of_findings() -> None:
    found = [error("permissions", "open to others", hint="chmod 600 x")]
    ran = capsule("doctor", "--json", wiring=wired(examination=FakeExamination(found)))
    assert ran.code == 10
    assert ran.data == [
        {
            "rule": "permissions",
            "severity": "error",
            "message": "open to others",
            "file": None,
            "line": None,
            "hint": "chmod 600 x",
            "verdict": "error",
        }
    ]
    assert ran.stderr == ""


def test_offline_reaches_the_examination() -> None:
    examination = FakeExamination()
    capsule("doctor", "--offline", wiring=wired(examination=examination))
    assert examination.asked == [True]


def test_a_real_home_is_examined_whole_and_left_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    ran = capsule("doctor", "--offline", "--json", home=home)
    assert {frozenset(row) for row in ran.data} == {frozenset(FIELDS)}
    rules = {row["rule"] for row in ran.data}
    assert rules >= {"python", "nix", "configuration", "permissions", "disk", "ssh-keys", "cloud"}
    assert [row for row in ran.data if "the check itself failed" in row["message"]] == []
    assert {path.name for path in home.iterdir()} <= {"logs"}


def test_a_secret_that_others_can_read_is_found_and_its_remedy_told(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "providers.yml").write_text("digitalocean: {api_key: hush}\n")
    (home / "providers.yml").chmod(0o644)
    ran = capsule("doctor", "--offline", home=home)
    assert ran.code == 10
    assert f"▸ chmod 600 {home}/providers.yml\n" in ran.stdout
    assert "hush" not in ran.stdout + ran.stderr
