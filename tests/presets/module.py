"""The module of a stack or a sprout, evaluated."""

import re
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
    file = folder / f"{name}.nix"
    text = Compose(presets).stacks()[name].module or ""
    file.write_text(text)
    arguments = {
        "stack": name,
        "module": file,
        "packages": packages_of(text),
        "python": libraries_of(text),
        "options": set_options,
        "docker": docker,
    }
    return evaluate(f"import {nix_literal(STUB)} {nix_literal(arguments)}", folder)


def packages_of(text: str) -> list[str]:
    """The packages that Nix names as `pkgs.…`, sorted, without the interpreter."""
    found = set(re.findall(r"\bpkgs\.(?!python3\b)([A-Za-z_][\w'-]*(?:\.[A-Za-z_][\w'-]*)*)", text))
    return sorted(found | {f"ollama-{card}" for card in ("cuda", "rocm", "vulkan")})


def libraries_of(text: str) -> list[str]:
    """The Python libraries that Nix names as `ps.…`, sorted."""
    return sorted(set(re.findall(r"\bps\.([A-Za-z_][\w'-]*)", text)))
