"""The module of a stack or a sprout, evaluated."""

from pathlib import Path
from typing import Any

from capsule_adapters.nix.literal import nix_literal
from capsule_adapters.presets.builtin import BuiltinPresets
from capsule_domain.services.compose import Compose
from tests.nix.nix import evaluate
from tests.tools import ROOT

STUB = ROOT / "tests" / "nix" / "module.nix"


def module(name: str, folder: Path, *, docker: bool = False, **set_options: object) -> Any:
    """What the module of a stack or sprout declares and sets, by a stub of nixpkgs' lib."""
    presets = BuiltinPresets()
    text = folder / f"{name}.nix"
    text.write_text(Compose(presets).stacks()[name].module or "")
    arguments = {"stack": name, "module": text, "options": set_options, "docker": docker}
    return evaluate(f"import {nix_literal(STUB)} {nix_literal(arguments)}", folder)
