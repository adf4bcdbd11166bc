"""docs/library.md holds what it says."""

import re
import subprocess
import sys

from tests.tools import ROOT

PAGE = ROOT / "docs" / "library.md"


def examples() -> list[str]:
    return re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


def printed_by(example: str) -> str:
    code = example + (
        "\nimport sys\n"
        "assert not [m for m in sys.modules if m.split('.')[0] in ('typer', 'capsule_cli')]\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_example_is_at_most_twenty_lines_long() -> None:
    for example in examples():
        assert sum(bool(line.strip()) for line in example.splitlines()) <= 20


def test_the_examples_run_without_the_command_line() -> None:
    configuration, fleet = map(printed_by, examples())
    assert re.match(r"[\w-]+ at [a-z]+: 0\.\d+ (USD|EUR) an hour\n", configuration)
    assert "configuration.nix" in configuration
    rows = fleet.splitlines()
    assert [row.partition(":")[0] for row in rows] == ["web-1", "web-2", "web-3"]
    assert all(re.search(r" in [\w-]+, else [a-z]+/", row) for row in rows)
