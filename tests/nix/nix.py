"""Asking real Nix what an expression is worth."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.tools import needs_tool


def evaluate(expression: str, folder: Path) -> Any:
    """The value of a Nix expression, in JSON's types; no store and no network is used."""
    return evaluate_aloud(expression, folder)[0]


def evaluate_aloud(expression: str, folder: Path) -> tuple[Any, list[str]]:
    """The value of a Nix expression, and what it traced."""
    program = needs_tool("nix-instantiate")
    file = folder / "expression.nix"
    file.write_bytes(expression.encode())
    done = subprocess.run(
        [program, "--eval", "--strict", "--json", str(file)],
        env={**os.environ, "NIX_REMOTE": "dummy://", "NIX_PATH": "", "HOME": str(folder)},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    said = done.stderr.decode().splitlines()
    return json.loads(done.stdout), [line.removeprefix("trace: ") for line in said]
