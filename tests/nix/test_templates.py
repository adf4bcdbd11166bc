"""The templates themselves: no value reaches Nix but through the one place."""

import pytest
from jinja2 import Environment as Templates
from jinja2 import nodes

from capsule_adapters.nix.renderer import FILTERS
from tests.tools import ROOT

TEMPLATES = ROOT / "src" / "capsule_adapters" / "nix" / "templates"

MACROS = {
    macro.name
    for template in TEMPLATES.glob("*.j2")
    for macro in Templates(autoescape=True).parse(template.read_text()).find_all(nodes.Macro)
}


def unquoted(template: str) -> list[str]:
    """What a template writes without one of our filters around it."""
    syntax = Templates(autoescape=True).parse(template)
    loose = []
    for output in syntax.find_all(nodes.Output):
        for node in output.nodes:
            fixed = isinstance(node, nodes.TemplateData)
            filtered = isinstance(node, nodes.Filter) and node.name in FILTERS
            if not fixed and not filtered and not is_harmless(node):
                loose.append(repr(node))
    return loose


def is_harmless(node: nodes.Expr) -> bool:
    """An indentation, a fixed text, or a macro of the packages (checked by themselves)."""
    if isinstance(node, nodes.Call):
        called = node.node.attr if isinstance(node.node, nodes.Getattr) else node.node
        return called in MACROS or (isinstance(called, nodes.Name) and called.name in MACROS)
    if isinstance(node, nodes.CondExpr):
        branches = (node.expr1, node.expr2)
        return all(isinstance(branch, nodes.Const) for branch in branches)
    return isinstance(node, nodes.Name) and node.name == "indent"


@pytest.mark.parametrize(
    "template", [path.name for path in sorted(TEMPLATES.glob("*.j2")) if "README" not in path.name]
)
def test_no_value_reaches_nix_but_through_the_one_place(template: str) -> None:
    text = (TEMPLATES / template).read_text()
    assert unquoted(text) == []


def test_a_value_written_bare_would_be_found() -> None:
    assert unquoted("{ x = {{ hostname }}; y = {{ hostname | upper }}; z = {{ a | nix }}; }")
