"""Real Nix under unfriendly conditions, and programs that only claim to be Nix."""

import os
import time
from pathlib import Path

import pytest

from capsule_adapters.nix.tool import NixCommand
from capsule_domain.errors import HostError, ToolMissing
from tests.tools import needs_tool


def pretend(folder: Path, script: str) -> NixCommand:
    """A nix-instantiate that is a shell script."""
    program = folder / "nix-instantiate"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(folder)}
    return NixCommand(environment=environment, places=(), timeout_seconds=2.0)


def broken(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("{\n  a = 1\n  b = 2;\n}", 3, "expecting ';'"),
        ("{ a = x; }", 1, "undefined variable 'x'"),
        ("{ a = 1;\n  a = 2; }", 2, "attribute 'a' already defined"),
        ('{ a = "\n', None, "unexpected end of file"),
        ("", None, "unexpected end of file"),
        (b"{ a = \xff; }", 1, "syntax error"),
    ],
)
def test_a_finding_has_nixs_own_words_on_one_line(
    tmp_path: Path, text: str | bytes, line: int | None, said: str
) -> None:
    needs_tool("nix-instantiate")
    file = broken(tmp_path, "broken.nix", text)
    [finding] = NixCommand().parse([file])
    assert said in finding.message
    assert "\n" not in finding.message
    assert "\x1b" not in finding.message
    assert finding.file == str(file)
    assert finding.line == line or (line is None and finding.line)


def test_a_file_that_is_not_there_is_a_finding_among_the_others(tmp_path: Path) -> None:
    needs_tool("nix-instantiate")
    first, last = broken(tmp_path, "a.nix", "{"), broken(tmp_path, "z.nix", "}")
    gone = tmp_path / "gone.nix"
    findings = NixCommand().parse([first, gone, last])
    assert [finding.file for finding in findings] == [str(first), str(gone), str(last)]
    assert findings[1].line is None
    assert "No such file" in findings[1].message


def test_names_that_look_like_options_or_have_spaces_are_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_tool("nix-instantiate")
    monkeypatch.chdir(tmp_path)
    names = ["--version", "with space.nix", "ünï.nix"]
    for name in names:
        broken(tmp_path, name, "{ a = ; }")
    findings = NixCommand().parse([Path(name) for name in names])
    assert [finding.file for finding in findings] == [str(tmp_path / name) for name in names]
    assert {finding.line for finding in findings} == {1}


def test_many_files_need_few_processes(tmp_path: Path) -> None:
    nix = pretend(tmp_path, f'echo once >> "{tmp_path}/log"')
    assert nix.parse([tmp_path / f"{i}.nix" for i in range(450)]) == []
    assert (tmp_path / "log").read_text().count("once") == 3


@pytest.mark.parametrize("home", [None, "/nonexistent", "/proc"])
def test_it_works_without_a_home_to_write_to(tmp_path: Path, home: str | None) -> None:
    needs_tool("nix-instantiate")
    environment = {"PATH": os.environ["PATH"]} | ({"HOME": home} if home else {})
    file = broken(tmp_path, "a.nix", "{ a = 1; }")
    assert NixCommand(environment=environment).parse([file]) == []


def test_it_is_found_in_the_places_of_an_installation(tmp_path: Path) -> None:
    (tmp_path / ".nix-profile" / "bin").mkdir(parents=True)
    pretend(tmp_path / ".nix-profile" / "bin", "echo 'nix-instantiate (Nix) 2.31.2'")
    environment = {"PATH": "/usr/nowhere", "HOME": str(tmp_path)}
    assert NixCommand(environment=environment).version() == "2.31.2"


def test_a_nix_that_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    nix = pretend(tmp_path, f'sleep 60 & echo $! > "{tmp_path}/child"; wait')
    with pytest.raises(HostError, match="nix did not answer within 2 s"):
        nix.parse([tmp_path / "a.nix"])
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 5
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_running(child)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_the_words_of_a_newer_nix_are_understood_too(tmp_path: Path) -> None:
    file = tmp_path / "a.nix"
    nix = pretend(
        tmp_path,
        f"""printf '%b' '\\033[31;1merror:\\033[0m syntax error, unexpected =, expecting ;\\n' >&2
printf '       at {file}:12:6:\\n           11|   a = 1\\n' >&2
exit 1""",
    )
    [finding] = nix.parse([file])
    assert finding.message == "syntax error, unexpected =, expecting ;"
    assert finding.line == 12


def test_a_nix_that_crashes_is_a_finding_that_says_so(tmp_path: Path) -> None:
    [finding] = pretend(tmp_path, "kill -SEGV $$").parse([tmp_path / "a.nix"])
    assert finding.message == "nix was ended by SIGSEGV while reading it"


def test_a_nix_that_fails_without_words_is_a_finding_that_says_so(tmp_path: Path) -> None:
    [finding] = pretend(tmp_path, "exit 7").parse([tmp_path / "a.nix"])
    assert finding.message == "nix refused it with exit code 7"


def test_a_program_that_cannot_run_is_an_error_of_ours(tmp_path: Path) -> None:
    nix = pretend(tmp_path, "")
    (tmp_path / "nix-instantiate").write_bytes(b"\x7fELF not really")
    with pytest.raises(HostError, match="nix cannot be started"):
        nix.version()


def test_a_version_in_other_words_is_none(tmp_path: Path) -> None:
    assert pretend(tmp_path, "echo hello").version() is None


def test_without_nix_nothing_is_started() -> None:
    nix = NixCommand(environment={"PATH": ""}, places=("~/bin",))
    assert nix.version() is None
    with pytest.raises(ToolMissing):
        nix.parse([])
