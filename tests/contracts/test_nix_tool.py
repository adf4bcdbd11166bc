"""What every implementation of the NixTool port does."""

from collections.abc import Callable, Mapping
from pathlib import Path, PurePath

import pytest

from capsule_adapters.nix.tool import NixCommand
from capsule_domain.errors import ToolMissing
from capsule_domain.models.finding import Severity
from capsule_domain.ports.nix_tool import NixTool
from tests.fakes.nix_tool import FakeNixTool
from tests.tools import needs_tool

Make = Callable[[Mapping[PurePath, int]], NixTool]
MAKERS: dict[str, tuple[Make, Callable[[], NixTool]]] = {
    "fake": (lambda bad: FakeNixTool(bad=bad), lambda: FakeNixTool(None)),
    "command": (lambda _: NixCommand(), lambda: NixCommand(environment={}, places=())),
}


@pytest.fixture(params=MAKERS)
def make(request: pytest.FixtureRequest) -> Make:
    if request.param == "command":
        needs_tool("nix-instantiate")
    return MAKERS[request.param][0]


@pytest.fixture(params=MAKERS)
def absent(request: pytest.FixtureRequest) -> NixTool:
    return MAKERS[request.param][1]()


def test_it_says_its_version(make: Make) -> None:
    version = make({}).version()
    assert version is not None
    assert version[0].isdigit()


def test_sound_files_have_no_finding(make: Make, tmp_path: Path) -> None:
    (tmp_path / "a.nix").write_text("{ a = 1; }\n")
    (tmp_path / "b.nix").write_text('{ ... }: { b = "x"; }\n')
    assert list(make({}).parse([tmp_path / "a.nix", tmp_path / "b.nix"])) == []


def test_nothing_to_parse_is_fine(make: Make) -> None:
    assert list(make({}).parse([])) == []


def test_every_broken_file_is_found_with_its_line_in_the_order_given(
    make: Make, tmp_path: Path
) -> None:
    texts = {"z.nix": "{\n  a = 1\n}\n", "good.nix": "{ }\n", "a.nix": "{ a = ; }\n"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    bad: dict[PurePath, int] = {tmp_path / "z.nix": 3, tmp_path / "a.nix": 1}
    findings = make(bad).parse([tmp_path / name for name in texts])
    assert [(f.file, f.line) for f in findings] == [(str(p), line) for p, line in bad.items()]
    for finding in findings:
        assert finding.rule == "syntax"
        assert finding.severity is Severity.ERROR
        assert "syntax error" in finding.message
        assert finding.hint


def test_without_nix_there_is_no_version_and_parsing_says_what_is_missing(
    absent: NixTool, tmp_path: Path
) -> None:
    assert absent.version() is None
    with pytest.raises(ToolMissing, match="Nix is not installed") as caught:
        absent.parse([tmp_path / "a.nix"])
    assert caught.value.hint
