"""The frame of the command line: words, options, help, errors, exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_cli import __version__, report
from capsule_cli.nodes import Node, load
from capsule_cli.options import again, split
from capsule_cli.tree import ROOT
from capsule_domain import errors
from tests.cli.running import capsule, wired

HEAVY = ("boto3", "asyncssh", "httpx", "jinja2", "pydantic_settings", "pydantic", "yaml", "rich")


def every_node(node: Node = ROOT, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Node]]:
    return [(path, node)] + [
        found for name, child in node.children.items() for found in every_node(child, (*path, name))
    ]


def every_error() -> list[type[errors.CapsuleError]]:
    found, todo = [], [errors.CapsuleError]
    while todo:
        for kind in todo.pop().__subclasses__():
            found.append(kind)
            todo.append(kind)
    return found


def process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "capsule_cli", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_every_error_has_an_exit_code_of_its_own_family(kind: type[errors.CapsuleError]) -> None:
    error = kind.__new__(kind)
    assert report.exit_code(error) not in (0, report.BUG)
    assert report.exit_code(error) in report.EXIT_CODES.values()


def test_the_exit_codes_are_those_of_the_contract() -> None:
    assert {kind.__name__: code for kind, code in report.EXIT_CODES.items()} == {
        "UsageError": 2,
        "Declined": 130,
        "ConfigurationError": 3,
        "NotFound": 4,
        "Conflict": 5,
        "ProviderError": 6,
        "ProviderUnavailable": 7,
        "HostError": 8,
        "ActivationFailed": 9,
        "CheckFailed": 10,
        "RollbackFailed": 11,
        "OutcomeUnknown": 12,
        "StoreError": 13,
    }


def test_the_tree_drawn_in_the_errors_module_names_every_error() -> None:
    drawn = errors.__doc__ or ""
    here = [kind.__name__ for kind in every_error() if kind.__module__ == errors.__name__]
    assert [name for name in here if f"─ {name} " not in drawn] == []


@pytest.mark.parametrize(
    ("path", "node"),
    every_node(),
    ids=lambda part: " ".join(part) if isinstance(part, tuple) else "",
)
def test_every_command_loads_and_says_what_the_table_says(
    path: tuple[str, ...], node: Node
) -> None:
    if node.at and path[-1:] != ("inventory",):
        first = (load(node).__doc__ or "").splitlines()[0]
        assert first == node.help
    shown = capsule(*path, "--help")
    assert shown.code == 0
    assert shown.stderr == ""
    assert "Global options:" in shown.stdout
    assert "--json" in shown.stdout
    for name in node.children:
        assert name in shown.stdout


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from capsule_cli.main import run; run(['--help']);"
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr.strip() == "[]"


def test_version_is_told_before_anything_is_imported() -> None:
    code = (
        "import sys; sys.argv = ['capsule', '--version']; from capsule_cli.entry import main;"
        "main(); print([m for m in ('typer', 'capsule_domain', 'logging') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == f"capsule {__version__}\n[]\n"


def test_global_options_are_taken_from_anywhere_before_two_dashes() -> None:
    options, rest = split(["show", "--json", "x", "--home", "/h", "-q", "--", "--yes"], {})
    assert (options.json, options.quiet, options.yes, options.home) == (
        True,
        True,
        False,
        Path("/h"),
    )
    assert rest == ["show", "x", "--", "--yes"]


def test_the_environment_names_the_home_and_the_sandbox() -> None:
    options, _ = split([], {"CAPSULE_HOME": "/h", "CAPSULE_SANDBOX": "1"})
    assert (options.home, options.sandbox) == (Path("/h"), True)
    assert not split([], {"CAPSULE_SANDBOX": "0"})[0].sandbox


@given(st.lists(st.text(max_size=12), max_size=8))
def test_what_is_no_global_option_is_left_in_its_order(words: list[str]) -> None:
    taken = ("--json", "--yes", "-y", "--dry-run", "--sandbox", "--no-input", "-q", "-v", "--debug")
    if any(w == "--" or w in taken or w.startswith("--home") for w in words):
        return
    assert split(words, {})[1] == words


def test_an_unknown_command_is_a_usage_error_with_the_nearest_one() -> None:
    done = capsule("stakcs")
    assert done.code == 2
    assert "'stacks'" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("words", "line", "hint"),
    [
        ("xnodes", "'openmesh xnodes'", "capsule openmesh xnodes --help"),
        ("openmesh apply", "'nixos apply'", "capsule nixos apply --help"),
        (
            "install",
            "'nixos install' or 'openmesh monitor install'",
            "capsule nixos install --help",
        ),
    ],
)
def test_a_command_that_is_elsewhere_in_the_tree_is_named_with_its_place(
    words: str, line: str, hint: str
) -> None:
    done = capsule(*words.split())
    assert done.code == 2
    assert done.stderr.splitlines() == [
        f"✗ no such command {words.rsplit(maxsplit=1)[-1]!r}; did you mean {line}?",
        f"▸ {hint}",
    ]


def test_an_error_in_json_is_one_object_on_stderr() -> None:
    done = capsule("preview", "--format", "pdf", "--json")
    assert done.code == 2
    assert done.stdout == ""
    assert done.error == {
        "code": "usage_error",
        "exit": 2,
        "message": "no format named 'pdf'",
        "hint": "--format env|nixos|home|flake|shell",
    }


def test_an_unknown_option_in_json_is_an_object_too() -> None:
    assert capsule("show", "--nope", "--json").error["exit"] == 2


def test_a_home_without_its_folder_is_a_usage_error() -> None:
    assert capsule("show", "--home").code == 2
    assert capsule("--home", "--json").error["message"] == "--home needs a folder"


def test_a_bug_is_one_line_and_its_traceback_is_in_the_log(tmp_path: Path) -> None:
    done = capsule("--home", str(tmp_path), "stacks", wiring=wired(choices=None, presets=None))
    assert done.code == report.BUG
    assert "Traceback" not in done.stderr
    assert "a bug in Capsule" in done.stderr
    log = tmp_path / "logs" / "capsule.log"
    assert "Traceback" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0


def test_a_closed_pipe_ends_silently_with_141() -> None:
    command = f"{sys.executable} -m capsule_cli --help; echo $? >&2"
    done = subprocess.run(
        ["bash", "-c", f"({command}) | true"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr.strip() in ("141", "0")


def test_a_home_in_the_way_is_one_line_with_exit_13(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("x")
    done = process("--home", str(blocked), "openmesh", "xnodes", "--json")
    assert done.returncode == 13
    assert done.stdout == ""
    assert json.loads(done.stderr)["error"]["code"] == "store_error"


def test_hints_repeat_how_capsule_was_called() -> None:
    options, _ = split(["--sandbox", "--home", "/my home"], {})
    assert options.program == "capsule --home '/my home' --sandbox"
    assert split([], {"CAPSULE_SANDBOX": "1"})[0].program == "capsule"
    said = again("look: capsule openmesh xnodes; or capsule --sandbox …", "capsule --home x")
    assert said == "look: capsule --home x openmesh xnodes; or capsule --home x --sandbox …"
    rehearsed = "capsule --home x --sandbox"
    assert again("capsule --sandbox openmesh providers", rehearsed).startswith(f"{rehearsed} open")
    assert (
        again("capsule add X; capsule-x", "capsule --sandbox")
        == "capsule --sandbox add X; capsule-x"
    )
