"""Every command that a message tells people to run is there to be run."""

import ast
import re
from collections.abc import Iterator

import pytest

from capsule_cli.tree import ROOT
from tests.tools import ROOT as REPOSITORY

_COMMAND = re.compile(
    r"(?<![\w/.-])(?<![<>]{3} )capsule ((?:--[a-z-]+ )*)([a-z][a-z-]*(?: [a-z][a-z-]*)*)"
)


def said() -> Iterator[tuple[str, str]]:
    """Each `capsule …` in a string that is not a docstring, with its file."""
    for file in sorted((REPOSITORY / "src").rglob("*.py")):
        tree = ast.parse(file.read_text())
        prose = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found = [] if id(node) in prose else _COMMAND.findall(node.value)
                yield from ((str(file.relative_to(REPOSITORY)), words) for _, words in found)


@pytest.mark.parametrize(("file", "words"), sorted(set(said())))
def test_a_hint_names_a_command_that_exists(file: str, words: str) -> None:
    node = ROOT
    for word in words.split():
        if not node.children:
            return
        assert word in node.children, f"{file} says: capsule {words}"
        node = node.children[word]
