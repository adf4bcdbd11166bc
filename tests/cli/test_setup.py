"""setup, check, list, generations, rollback and preview --diff, as a person types them."""

import io
from collections.abc import Callable
from pathlib import Path, PurePath

import pytest

from capsule_cli import complete
from capsule_cli.heartbeat import Heartbeat, listening
from capsule_cli.output import Output
from capsule_cli.wiring import Wiring
from capsule_domain.errors import NixFailed, StoreError
from capsule_domain.models.finding import Severity
from capsule_domain.models.forecast import PackageFacts
from capsule_domain.models.profile import Profile
from capsule_domain.ports.settings import Settings
from tests.cli.running import Ran, capsule, wired
from tests.fakes.choices import FakeChoices
from tests.fakes.clock import FakeClock
from tests.fakes.nix_environment import FakeNixEnvironment
from tests.fakes.nix_tool import FakeNixTool
from tests.fakes.package_index import FakePackageIndex
from tests.fakes.presets import FakePresets
from tests.fakes.search_path import FakeSearchPath
from tests.services.installing import TellingRenderer


class Desk:
    """A person with fakes for everything."""

    def __init__(self, environment: FakeNixEnvironment | None = None) -> None:
        self.environment = environment or FakeNixEnvironment()
        self.search_path = FakeSearchPath()
        self.packages: tuple[str, ...] = ("jq",)
        self.nix: str | None = "2.28.3"

    @property
    def wiring(self) -> Wiring:
        mine = Profile(name="mine", packages=self.packages)
        return wired(
            choices=FakeChoices(Settings(active_profile="mine"), [mine]),
            presets=FakePresets(),
            renderer=TellingRenderer(),
            nix=FakeNixTool(self.nix),
            nix_environment=self.environment,
            search_path=self.search_path,
            clock=FakeClock(),
            index=FakePackageIndex(),
        )

    def run(self, *words: str, answer: Callable[[str], str] | None = None) -> Ran:
        return capsule(*words, wiring=self.wiring, answer=answer)


def test_setup_shows_what_it_will_do_asks_and_says_what_it_did() -> None:
    desk = Desk()
    asked: list[str] = []

    def yes(question: str) -> str:
        asked.append(question)
        return "yes"

    ran = desk.run("setup", answer=yes)
    assert ran.code == 0
    assert asked == ["Install the profile mine? [y/N] "]
    assert "  + jq\n" in ran.stderr
    assert "3 store paths, 1.5 MiB" in ran.stderr
    assert "nixpkgs     aaaaaaaaaaaa of 2026-11-23" in ran.stderr
    link = desk.environment.link
    assert ran.stdout.startswith(f"✓ mine is installed as generation 1\n{link} → /nix/store/")
    assert f"{link}/bin is not on your PATH: add to /home/me/.bashrc" in ran.stderr
    assert f'export PATH={link}/bin:"$PATH"' in ran.stderr
    assert desk.search_path.lines == []


def test_a_no_changes_nothing() -> None:
    desk = Desk()
    ran = desk.run("setup", answer=lambda _question: "no")
    assert ran.code == 130
    assert desk.environment.generations() == []


def test_without_a_terminal_it_needs_yes_and_a_dry_run_does_not() -> None:
    desk = Desk()
    assert desk.run("setup").code == 2
    ran = desk.run("setup", "--dry-run")
    assert (ran.code, "nothing was changed" in ran.stdout) == (0, True)
    assert desk.environment.generations() == []
    assert desk.run("setup", "--yes").code == 0


def test_the_second_setup_says_so_and_asks_nothing() -> None:
    desk = Desk()
    desk.run("setup", "--yes")
    ran = desk.run("setup")
    assert ran.code == 0
    assert ran.stdout == "✓ mine is installed already: nothing to do\n"


def test_setup_as_json_is_what_was_made_and_nothing_else() -> None:
    ran = Desk().run("setup", "--yes", "--json")
    assert ran.stderr == ""
    told = ran.data
    assert (told["generation"], told["changed"], told["profile"]) == (1, True, "mine")
    assert told["added"] == ["git", "jq"]
    assert told["forecast"]["download_mib"] == 1.5
    assert told["path"] == f"{told['link']}/bin"


def test_path_is_written_only_when_that_is_asked_for() -> None:
    desk = Desk()
    ran = desk.run("setup", "--yes", "--path")
    assert "it holds for new terminals" in ran.stderr
    assert len(desk.search_path.lines) == 1
    assert "on PATH already" in desk.run("setup", "--path").stderr
    assert "is on PATH in new terminals" in desk.run("setup").stderr
    other = Desk()
    other.run("setup", "--yes", "--path", "--dry-run")
    assert other.search_path.lines == []


def test_what_is_on_the_path_is_not_talked_about() -> None:
    desk = Desk()
    desk.search_path = FakeSearchPath((f"{desk.environment.link}/bin",))
    assert "PATH" not in desk.run("setup", "--yes").stderr


class Unreadable(FakeSearchPath):
    def is_written(self, folder: PurePath) -> bool:
        raise StoreError("cannot read /home/me/.bashrc: permission denied")


def test_a_start_up_file_that_cannot_be_read_is_no_failure_of_what_is_done() -> None:
    desk = Desk()
    desk.search_path = Unreadable()
    ran = desk.run("setup", "--yes")
    assert (ran.code, "cannot read /home/me/.bashrc" in ran.stderr) == (0, True)


def test_the_sandbox_changes_no_file_of_a_person_s() -> None:
    desk = Desk()
    ran = desk.run("setup", "--yes", "--path", "--sandbox")
    assert ran.code == 2
    assert desk.environment.generations() == []
    assert "PATH" not in desk.run("setup", "--yes", "--sandbox").stderr


def test_nix_s_own_words_come_before_the_error() -> None:
    broken = NixFailed("cannot build: it failed", lines=["> the compiler", "> is odd"])
    ran = Desk(FakeNixEnvironment(evaluating=broken)).run("setup", "--yes")
    assert ran.code == 8
    assert ran.stderr.index("> the compiler") < ran.stderr.index("✗ cannot build: it failed")
    ran = Desk(FakeNixEnvironment(evaluating=broken)).run("setup", "--yes", "--json")
    assert ran.error["code"] == "nix_failed"


def test_without_nix_the_way_to_it_is_told() -> None:
    desk = Desk()
    desk.nix = None
    ran = desk.run("setup", "--yes", "--json")
    assert ran.code == 3
    assert (ran.error["code"], ran.error["hint"]) == ("tool_missing", "capsule bootstrap")


def test_a_profile_edited_to_nonsense_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "mine.yml").write_text("version: 1\npackages: [jq]\nstaks: [web]\n")
    (tmp_path / "config.yml").write_text("version: 1\nactive_profile: mine\n")
    ran = capsule("setup", "--yes", "--json", home=tmp_path)
    assert ran.code == 3
    assert "mine.yml:3: unknown key 'staks'; did you mean stacks?" in ran.error["message"]
    assert not (tmp_path / "environment").exists()
    ran = capsule("check", "--json", home=tmp_path)
    [finding] = ran.data["findings"]
    assert (ran.code, finding["line"]) == (10, 3)


def test_check_says_what_it_did_and_what_would_change() -> None:
    ran = Desk().run("check")
    assert ran.code == 0
    assert "✓ evaluation  2 packages looked at" in ran.stdout
    assert "  + jq\n" in ran.stdout
    ran = Desk().run("check", "--offline")
    assert ran.code == 0
    assert "⚠ forecast    not done: it needs the network, and --offline was given" in ran.stdout


def test_a_check_that_found_something_ends_with_ten() -> None:
    desk = Desk(FakeNixEnvironment(facts={"jq": PackageFacts(found=False)}))
    ran = desk.run("check")
    assert ran.code == 10
    assert "✗ no package named 'jq'\n▸ capsule pkg search jq\n" in ran.stdout
    ran = desk.run("check", "--json")
    assert (ran.code, ran.stderr) == (10, "")
    [finding] = ran.data["findings"]
    assert finding == {
        "rule": "missing",
        "severity": Severity.ERROR,
        "message": "no package named 'jq'",
        "file": None,
        "line": None,
        "hint": "capsule pkg search jq",
    }
    assert [step["done"] for step in ran.data["steps"]] == [True, True, True, False]


def test_list_shows_each_package_and_filters_what_is_missing() -> None:
    desk = Desk()
    desk.run("setup", "--yes")
    desk.packages = ("jq", "ripgrep")
    assert desk.run("list", "--json").data == [
        row("git", installed=True),
        row("jq", installed=True),
        row("ripgrep", installed=False),
    ]
    assert desk.run("list", "--missing", "--json").data == [row("ripgrep", installed=False)]
    ran = desk.run("list")
    assert "● jq       yes     yes        1.0" in ran.stdout
    assert "○ ripgrep  yes     missing" in ran.stdout
    desk.packages = ("jq",)
    assert desk.run("list", "--missing").stdout == "✓ nothing is missing\n"


def row(package: str, *, installed: bool) -> dict[str, object]:
    return {
        "package": package,
        "wanted": True,
        "installed": installed,
        "missing": not installed,
        "version": "1.0" if installed else None,
    }


@pytest.fixture
def two() -> Desk:
    """Two generations; the second is current."""
    desk = Desk()
    desk.run("setup", "--yes")
    desk.packages = ("ripgrep",)
    desk.run("setup", "--yes")
    return desk


def test_generations_have_the_fields_of_the_contract(two: Desk) -> None:
    first, second = two.run("generations", "--json").data
    fields = "generation date nixosVersion kernelVersion configurationRevision specialisations"
    assert {*fields.split(), "current", "running", "booted", "storePath"} <= set(first)
    assert (first["generation"], first["current"], first["profile"]) == (1, False, "mine")
    assert (second["generation"], second["current"]) == (2, True)
    assert first["date"] == "2026-11-23T13:00:00Z"


def test_generations_are_shown_and_filtered_by_profile(two: Desk) -> None:
    two.environment.somebody_else_installs("/nix/store/x-env")
    shown = two.run("generations").stdout
    assert "○ 1         2026-11-23 13:00:00  mine" in shown
    assert "● 3         2026-11-23 15:00:00  not of Capsule's making  /nix/store/x-env" in shown
    mine = two.run("generations", "--profile", "mine", "--json").data
    assert [one["generation"] for one in mine] == [1, 2]
    assert Desk().run("generations").stdout == "none yet\n▸ capsule setup\n"


def test_rollback_asks_goes_back_and_says_so(two: Desk) -> None:
    asked: list[str] = []

    def yes(question: str) -> str:
        asked.append(question)
        return "y"

    ran = two.run("rollback", answer=yes)
    assert asked == ["Make generation 1 (profile mine) the current one? [y/N] "]
    assert ran.stdout == "✓ generation 1 is current: profile mine\n"
    ran = two.run("rollback", "1")
    assert ran.stdout == "✓ generation 1 is current already: nothing to do\n"
    assert two.run("rollback", "2", "--yes", "--json").data["generation"] == 2


def test_a_rollback_that_is_not_agreed_to_changes_nothing(two: Desk) -> None:
    assert two.run("rollback").code == 2
    assert two.run("rollback", answer=lambda _question: "n").code == 130
    ran = two.run("rollback", "--dry-run")
    assert ran.stdout == "generation 1 (profile mine) would become current\n"
    assert [one.generation for one in two.environment.generations() if one.current] == [2]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("rollback", "9"), 4, "no generation named '9'"),
        (("rollback", "first"), 2, "invalid value for 'N'"),
        (("rollback", "1", "2"), 2, "unexpected"),
    ],
)
def test_a_generation_that_there_is_not_is_refused(
    two: Desk, words: tuple[str, ...], code: int, message: str
) -> None:
    ran = two.run(*words, "--json")
    assert ran.code == code
    assert message in ran.error["message"]


def test_the_way_back_from_the_first_generation_is_refused() -> None:
    desk = Desk()
    assert desk.run("rollback", "--json").error["code"] == "conflict"
    desk.run("setup", "--yes")
    assert desk.run("rollback", "--json").error["message"].startswith("generation 1 is the first")


def test_the_shell_completes_the_numbers_of_generations(own_home: Path) -> None:
    assert complete.generations("") == []
    profiles = own_home / ".local" / "state" / "nix" / "profiles"
    profiles.mkdir(parents=True)
    for number in (1, 2, 12):
        (profiles / f"capsule-{number}-link").symlink_to(f"/nix/store/{number}")
    assert complete.generations("1") == ["1", "12"]


def test_preview_shows_the_difference_to_what_is_installed(two: Desk) -> None:
    assert two.run("preview", "--diff").stdout == ""
    two.packages = ("fd",)
    shown = two.run("preview", "--diff").stdout
    assert shown.splitlines()[:2] == ["--- installed (mine)", "+++ flake.nix"]
    assert {"+fd", "-ripgrep"} < set(shown.splitlines())
    told = two.run("preview", "--diff", "--json").data
    assert (told["format"], told["diff"]) == ("flake", shown)
    assert two.run("preview", "--diff", "--format", "env").code == 2
    assert two.run("preview", "--diff", "--format", "flake").stdout == shown


def test_a_heartbeat_is_a_line_each_where_no_terminal_is() -> None:
    stderr = io.StringIO()
    beat = Heartbeat(Output(io.StringIO(), stderr))
    beat(2.1, "copying path 'x'")
    beat(4.2, "")
    beat.clear()
    assert stderr.getvalue() == "    2 s  copying path 'x'\n    4 s  nix works\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_the_heartbeat_is_one_line_that_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "20")
    stderr = Terminal()
    with listening(Output(io.StringIO(), stderr)) as beat:
        beat(2.1, "copying path 'x'")
        beat(4.2, "building")
    text = stderr.getvalue()
    assert "\n" not in text
    assert text.split("\r\x1b[2K") == ["", "    2 s  copying pa", "    4 s  building", ""]


@pytest.mark.parametrize("how", ["quiet", "json"])
def test_nobody_who_does_not_listen_is_told(how: str) -> None:
    stderr = io.StringIO()
    out = Output(io.StringIO(), stderr, quiet=how == "quiet", json=how == "json")
    Heartbeat(out)(2.1, "copying")
    assert stderr.getvalue() == ""
