"""The shape of the code: who may know whom, and what every module owes its reader."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools import ROOT, needs_tool

SOURCES = sorted((ROOT / "src").rglob("*.py"))
DOMAIN = [path for path in SOURCES if path.is_relative_to(ROOT / "src" / "capsule_domain")]

IMPURE_CALLS = {"open", "print", "input", "exec", "eval", "breakpoint"}
CLOCKS = {"now", "utcnow", "today", "time", "monotonic", "sleep", "perf_counter"}
CLOCK_OWNERS = {"datetime", "date", "time"}
FILE_METHODS = {"read_text", "write_text", "read_bytes", "write_bytes", "mkdir", "unlink"}

NAMELESS = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"}


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def impurities(source: str) -> Iterator[str]:
    """Calls in `source` that look at the world: files, clocks, terminals."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Name(id=name) if name in IMPURE_CALLS:
                yield f"{name}() at line {node.lineno}"
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if (
                owner in CLOCK_OWNERS and name in CLOCKS
            ):
                yield f"{owner}.{name}() at line {node.lineno}"
            case ast.Attribute(attr=name) if name in FILE_METHODS:
                yield f".{name}() at line {node.lineno}"


def test_the_import_contracts_hold(tmp_path: Path) -> None:
    linter = shutil.which("lint-imports", path=Path(sys.executable).parent)
    command = [linter or needs_tool("lint-imports"), "--no-logo", "--cache-dir", str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize("path", DOMAIN, ids=shown)
def test_the_domain_looks_at_nothing_by_itself(path: Path) -> None:
    assert list(impurities(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "line",
    ["open('x')", "datetime.now(UTC)", "time.sleep(1)", "path.read_text()", "print(1)"],
)
def test_looking_at_the_world_is_noticed(line: str) -> None:
    assert len(list(impurities(line))) == 1


@pytest.mark.parametrize("path", SOURCES, ids=shown)
def test_a_module_says_what_it_is_for(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert said or path.name == "__main__.py", f"{shown(path)} has no docstring"


def test_no_room_is_without_a_name_of_its_own() -> None:
    assert [shown(p) for p in SOURCES if {p.stem, p.parent.name} & NAMELESS] == []


def test_only_the_command_line_knows_typer_and_rich() -> None:
    knowing = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Import(names=names):
                    roots = {name.name.split(".")[0] for name in names}
                case ast.ImportFrom(module=str(module), level=0):
                    roots = {module.split(".")[0]}
                case _:
                    continue
            if roots & {"typer", "rich", "click"}:
                knowing.add(path.relative_to(ROOT / "src").parts[0])
    assert knowing == {"capsule_cli"}
