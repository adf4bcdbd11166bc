"""Profiles on the command line, word for word, over a real home."""

import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from capsule_adapters.store.choices import YamlChoices
from capsule_cli import complete
from tests.cli.running import Ran, capsule

Run = Callable[..., Ran]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "capsule"


@pytest.fixture
def run(home: Path) -> Run:
    return lambda *words, **more: capsule(*words, home=home, **more)


def files(home: Path) -> set[str]:
    """What Capsule keeps there, without locks and logs."""
    found = (path.relative_to(home) for path in home.rglob("*") if path.is_file())
    return {str(path) for path in found if path.name != ".lock" and path.parts[0] != "logs"}


def test_a_profile_is_made_shown_used_and_deleted(run: Run, home: Path) -> None:
    assert run("profile", "new", "mine", "--extends", "prod").stdout == (
        f"✓ mine is made\n▸ capsule --home {home} profile use mine\n"
    )
    row = run("profile", "show", "mine", "--json").data
    assert row == {
        "name": "mine",
        "summary": "",
        "builtin": False,
        "active": False,
        "extends": "prod",
        "stacks": [],
        "packages": [],
        "unfree": [],
        "pins": {},
    }
    assert run("profile", "show", "mine").stdout == "from     yours\nextends  prod\n"
    assert run("profile", "use", "mi", "--json").code == 5  # minimal begins so too
    assert run("profile", "use", "mini").code == 0
    assert run("profile", "delete", "mine", "--yes", "--json").data == {
        "name": "mine",
        "deleted": True,
    }
    assert files(home) == set()


def test_create_is_new_by_another_name(run: Run) -> None:
    assert (
        run("profile", "create", "mine", "--copy-from", "prod", "--json").data["stacks"]
        == (run("profile", "show", "prod", "--json").data["stacks"])
    )


def test_a_copy_is_ones_own(run: Run) -> None:
    assert run("profile", "copy", "ml-gpu", "gpu").code == 0
    rows = run("profiles", "--own", "--json").data
    assert [(row["name"], row["builtin"]) for row in rows] == [("gpu", False)]
    builtin = run("profiles", "--builtin", "--json").data
    assert "ml-gpu" in [row["name"] for row in builtin]
    assert "gpu" not in [row["name"] for row in builtin]


def test_what_is_exported_is_imported_again(run: Run, home: Path, tmp_path: Path) -> None:
    run("profile", "new", "mine", "--copy-from", "prod")
    text = "# kept\n" + run("profile", "export", "mine").stdout
    (home / "configs" / "mine.yml").write_text(text)
    assert run("profile", "export", "mine").stdout == text
    sent = tmp_path / "sent.yml"
    assert run("profile", "export", "mine", "--output", str(sent)).stdout == (
        f"✓ {sent} is written\n"
    )
    assert sent.read_text() == text
    again = run("profile", "import", str(sent), "theirs", "--json")
    assert again.code == 0, again.stderr
    assert (home / "configs" / "theirs.yml").read_text() == text
    assert run("profile", "diff", "mine", "theirs").stdout == ("mine and theirs come to the same\n")


def test_an_export_replaces_a_file_by_force_alone(run: Run, tmp_path: Path) -> None:
    there = tmp_path / "there.yml"
    there.write_text("precious")
    words = ("profile", "export", "prod", "-o", str(there))
    refused = run(*words)
    assert refused.code == 5
    assert there.read_text() == "precious"
    assert run(*words, "--force", "--dry-run").code == 0
    assert there.read_text() == "precious"
    assert run(*words, "--force").code == 0
    assert "webserver" in there.read_text()


def test_exporting_as_json_is_the_profile_itself(run: Run) -> None:
    data = run("profile", "export", "prod", "--json").data
    assert (data["name"], data["builtin"]) == ("prod", True)


def test_an_export_says_when_what_it_extends_is_needed_too(run: Run) -> None:
    run("profile", "new", "mine")
    run("profile", "new", "child", "--extends", "mine")
    assert "it extends mine, which is yours too" in run("profile", "export", "child").stderr


@pytest.mark.parametrize(
    ("source", "code", "told"),
    [
        ("prd", 4, "no file or built-in profile named 'prd'; did you mean prod?"),
        ("./absent.yml", 4, "no file named './absent.yml'"),
        ("absent.yml", 4, "no file named 'absent.yml'"),
        ("BROKEN", 3, "BROKEN:2: unknown key 'stakcs'; did you mean stacks?"),
        ("UNKNOWN", 3, "UNKNOWN:1: no stack named 'pyhton'; did you mean python?"),
        ("LARGE", 3, "LARGE: larger than 1 MB"),
    ],
)
def test_what_cannot_be_imported_is_told_and_nothing_is_made(
    run: Run, tmp_path: Path, source: str, code: int, told: str
) -> None:
    contents = {
        "BROKEN": "version: 1\nstakcs: [python]\n",
        "UNKNOWN": "stacks: [pyhton]\n",
        "LARGE": "#" * 1_000_001,
    }
    path = source
    if source in contents:
        path = str(tmp_path / f"{source}.yml")
        Path(path).write_text(contents[source])
        told = told.replace(source, path, 1)
    done = run("profile", "import", path, "mine", "--json")
    assert done.code == code
    assert told in done.error["message"]
    assert files(tmp_path / "capsule") == set()


def test_a_built_in_profile_is_imported_by_its_name(run: Run) -> None:
    assert run("profile", "import", "prod", "mine", "--json").data["stacks"]


def test_a_file_goes_before_a_built_in_one_when_it_is_written_as_a_path(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prod").write_text("summary: from the file\n")
    assert run("profile", "import", "./prod", "a", "--json").data["summary"] == "from the file"
    assert run("profile", "import", "prod", "b", "--json").data["summary"] != "from the file"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("new", "No Name"), 2, "'No Name' is no name for a profile"),
        (("new", "prod"), 5, "prod is the name of a built-in profile"),
        (("copy", "prod", "prod"), 5, "prod is the name of a built-in profile"),
        (("new", "x", "--extends", "prd"), 4, "did you mean prod?"),
        (("show", "prd"), 4, "did you mean prod?"),
        (("delete", "prod", "--yes"), 5, "prod is built in and stays"),
        (("delete", "nothing", "--yes"), 4, "no profile of your own named 'nothing'"),
        (("diff", "prod", "nothing"), 4, "no profile named 'nothing'"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    run: Run, words: tuple[str, ...], code: int, told: str
) -> None:
    done = run("profile", *words, "--json")
    assert done.code == code
    assert told in done.error["message"]
    assert done.stdout == ""


def test_deleting_asks_for_the_whole_name(run: Run, home: Path) -> None:
    run("profile", "new", "mine")
    assert run("profile", "delete", "mine").code == 2
    declined = run("profile", "delete", "mine", answer=lambda _: "min")
    assert declined.code == 130
    assert files(home) == {"configs/mine.yml"}
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return "mine"

    assert run("profile", "delete", "mine", answer=answer).stdout == "✓ mine is deleted\n"
    assert asked == [
        "The profile mine will be deleted.\nType its name, mine, to go on: ",
    ]
    assert files(home) == set()


def test_the_active_profile_is_not_deleted(run: Run, home: Path) -> None:
    run("add", "docker")
    done = run("profile", "delete", "minimal-custom", "--yes", "--json")
    assert done.code == 5
    assert done.error["hint"] == f"capsule --home {home} profile use minimal"


@pytest.mark.parametrize(
    "words",
    [
        ("profile", "new", "a"),
        ("profile", "copy", "prod", "a"),
        ("profile", "import", "prod", "a"),
        ("profile", "delete", "mine"),
        ("profile", "use", "mine"),
        ("pkg", "add", "fd"),
        ("pkg", "remove", "htop"),
        ("sprout", "claude-code"),
        ("reset",),
    ],
)
def test_a_dry_run_says_what_would_be_and_changes_nothing(
    run: Run, home: Path, words: tuple[str, ...]
) -> None:
    run("profile", "new", "mine", "--copy-from", "minimal")
    run("profile", "use", "minimal")
    before = {name: (home / name).read_bytes() for name in files(home)}
    done = run(*words, "--dry-run")
    assert done.code == 0, done.stderr
    assert "would" in done.stdout
    assert {name: (home / name).read_bytes() for name in files(home)} == before


def test_a_difference_is_shown_kind_by_kind(run: Run) -> None:
    data = run("profile", "diff", "minimal", "prod", "--json").data
    assert data["stacks"]["added"] == ["webserver", "security", "monitoring"]
    assert data["ports"]["added"] == ["80", "443"]
    shown = run("profile", "diff", "minimal", "prod").stdout
    assert "stacks:\n+ webserver\n+ security\n+ monitoring\n" in shown
    assert "- tmux\n" in shown


# ---- edit


def editor(folder: Path, *texts: str) -> str:
    """An $EDITOR that appends one text after the other, one an opening."""
    for number, text in enumerate(texts):
        (folder / f"text-{number}").write_text(text)
    script = folder / "editor.py"
    script.write_text(
        "import pathlib,sys\n"
        f"folder = pathlib.Path({str(folder)!r})\n"
        "draft = pathlib.Path(sys.argv[1])\n"
        "todo = sorted(folder.glob('text-*'))\n"
        "(folder / 'opened').open('a').write(draft.read_text() + '=====\\n')\n"
        "draft.write_bytes(todo[0].read_bytes())\n"
        "todo[0].unlink()\n"
    )
    return f"'{sys.executable}' -I '{script}'"


@pytest.fixture
def edits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    return lambda *texts: monkeypatch.setenv("EDITOR", editor(tmp_path, *texts))


GOOD = "# by hand\nstacks: [docker]\n"
BAD = "stacks: [docker]\npackags: [fd]\n"


def test_editing_a_built_in_profile_makes_a_copy_of_it(
    run: Run, home: Path, edits: Callable[..., None]
) -> None:
    edits(GOOD)
    done = run("edit")
    assert done.code == 0, done.stderr
    assert done.stdout == (
        "⚠ minimal is built in and stays as it is: its copy minimal-custom is changed and active\n"
        "✓ minimal-custom is saved\n"
    )
    assert (home / "configs" / "minimal-custom.yml").read_text() == GOOD
    assert run("profile", "show", "--json").data["name"] == "minimal-custom"


def test_saving_what_was_there_changes_nothing(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", "true")
    done = run("edit")
    assert (done.code, done.stdout) == (0, "")
    assert "nothing was changed in minimal-custom" in done.stderr
    assert files(home) == set()


def test_what_does_not_hold_is_told_with_its_line_and_edited_again(
    run: Run, home: Path, tmp_path: Path, edits: Callable[..., None]
) -> None:
    edits(BAD, GOOD)
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return ["x", "a"][min(len(asked), 2) - 1]

    done = run("edit", answer=answer)
    assert done.code == 0, done.stderr
    assert "minimal-custom.yml:2: unknown key 'packags'; did you mean packages?" in done.stderr
    assert len(asked) == 2  # an answer that is none is asked for again
    assert (home / "configs" / "minimal-custom.yml").read_text() == GOOD
    assert (tmp_path / "opened").read_text().split("=====\n")[1] == BAD


def test_what_does_not_hold_is_put_back_on_demand(
    run: Run, home: Path, edits: Callable[..., None]
) -> None:
    edits(BAD)
    done = run("edit", answer=lambda _: "back")
    assert done.code == 130
    assert files(home) == set()


def test_what_does_not_hold_is_kept_beside_on_demand(
    run: Run, home: Path, edits: Callable[..., None]
) -> None:
    edits(BAD)
    done = run("edit", answer=lambda _: "k")
    assert done.code == 3
    rejected = home / "configs" / "minimal-custom.yml.rejected"
    assert rejected.read_text() == BAD
    assert f"kept: {rejected}" in done.stderr
    assert run("profiles", "--own", "--json").data == []


def test_where_nobody_can_be_asked_nothing_is_lost(
    run: Run, home: Path, edits: Callable[..., None]
) -> None:
    edits(BAD)
    done = run("edit")
    assert done.code == 3
    rejected = home / "configs" / "minimal-custom.yml.rejected"
    assert f"what you wrote is kept: {rejected}" in done.stderr
    assert files(home) == {"configs/minimal-custom.yml.rejected"}


def test_a_profile_that_was_broken_by_hand_is_repaired_by_editing(
    run: Run, home: Path, edits: Callable[..., None]
) -> None:
    run("add", "docker")
    (home / "configs" / "minimal-custom.yml").write_text(BAD)
    assert run("show").code == 3
    edits(GOOD)
    assert run("edit").code == 0
    assert run("show").code == 0


def test_an_edit_in_a_dry_run_shows_the_difference(
    run: Run, home: Path, edits: Callable[..., None]
) -> None:
    edits(GOOD)
    done = run("edit", "--dry-run")
    assert done.code == 0
    assert "+stacks: [docker]\n" in done.stdout
    assert files(home) == set()


def test_editing_is_for_people(run: Run) -> None:
    done = run("edit", "--json")
    assert done.code == 2
    assert done.error["code"] == "usage_error"


def test_an_editor_that_fails_changes_nothing(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", "false")
    assert run("edit").code == 130
    monkeypatch.setenv("EDITOR", "no-such-editor")
    assert run("edit").code == 3
    assert files(home) == set()


# ---- reset


def test_resetting_asks_backs_up_and_brings_the_defaults_back(run: Run, home: Path) -> None:
    run("add", "docker")
    assert run("reset").code == 2
    assert run("reset", answer=lambda _: "n").code == 130
    assert files(home) == {"config.yml", "configs/minimal-custom.yml"}
    done = run("reset", "--yes", "--json").data
    assert done["removed"] == ["config.yml", "configs/minimal-custom.yml"]
    assert done["active_profile"] == "minimal"
    assert files(home) == {str(Path(done["backup"]).relative_to(home))}
    assert run("profile", "show", "--json").data["name"] == "minimal"
    assert run("restore", done["backup"], "--yes").code == 0
    assert run("profile", "show", "--json").data["name"] == "minimal-custom"


def test_resetting_helps_also_when_everything_is_broken(run: Run, home: Path) -> None:
    (home / "configs").mkdir(parents=True)
    (home / "config.yml").write_text("{{{")
    (home / "configs" / "mine.yml").write_text("[[[")
    assert run("profiles").code == 3
    assert run("reset", "--yes").code == 0
    assert run("profiles").code == 0


def test_a_second_reset_has_nothing_to_do(run: Run, home: Path) -> None:
    done = run("reset", "--json")
    assert done.data == {"active_profile": "minimal", "removed": [], "backup": None}
    assert files(home) == set()


def test_a_home_that_cannot_be_written_is_one_line(run: Run, home: Path) -> None:
    if os.geteuid() == 0:
        home.mkdir()
        (home / "configs").write_text("in the way")
        done = run("profile", "new", "mine", "--json")
    else:
        home.mkdir()
        home.chmod(stat.S_IRUSR | stat.S_IXUSR)
        done = run("profile", "new", "mine", "--json")
        home.chmod(0o700)
    assert done.code == 13
    assert json.loads(done.stderr)["error"]["code"] == "store_error"


def test_names_are_completed(home: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAPSULE_HOME", str(home))
    run("profile", "new", "mine")
    (home / "configs" / "broken.yml").write_text("[[[")
    assert complete.profiles("mi") == ["mine", "minimal"]
    assert complete.own_profiles("") == ["broken", "mine"]
    assert complete.built_in_profiles("mi") == ["minimal"]
    assert "claude-code" in complete.sprouts("cl")
    assert complete.packages("rip") == []
    YamlChoices(home).delete_profile("broken")
    run("pkg", "add", "ripgrep")
    assert complete.own_packages("rip") == ["ripgrep"]
