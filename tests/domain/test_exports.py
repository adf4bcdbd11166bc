"""The library's public names."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import capsule_domain


@pytest.mark.parametrize("name", capsule_domain.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    found = getattr(capsule_domain, name)
    assert found.__doc__


def test_what_type_checkers_see_is_what_programs_get() -> None:
    tree = ast.parse(Path(capsule_domain.__file__).read_text())
    seen = {
        alias.asname: (node.module or "").removeprefix("capsule_domain.")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname
    }
    assert seen == capsule_domain._HOMES


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        capsule_domain.Nothing  # noqa: B018


def test_the_errors_alone_load_no_model() -> None:
    code = "import sys, capsule_domain.errors; print('pydantic' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "False"
