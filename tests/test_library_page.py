"""docs/library.md holds what it says."""

import re
import subprocess
import sys

from tests.tools import ROOT

PAGE = ROOT / "docs" / "library.md"


def example() -> str:
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return str(code)


def test_the_example_is_at_most_twenty_lines_long() -> None:
    assert sum(bool(line.strip()) for line in example().splitlines()) <= 20


def test_the_example_runs_without_the_command_line() -> None:
    code = example() + (
        "\nimport sys\n"
        "assert not [m for m in sys.modules if m.split('.')[0] in ('typer', 'capsule_cli')]\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert re.match(r"[\w-]+ at [a-z]+: 0\.\d+ (USD|EUR) an hour\n", done.stdout)
    assert "configuration.nix" in done.stdout
