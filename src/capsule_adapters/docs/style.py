"""What the pages have in common: templates that escape, and a style named by its hash."""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment, Template


def style(*names: str) -> str:
    """The style sheets of these names, one after the other."""
    folder = files("capsule_adapters.docs") / "templates"
    return "".join((folder / name).read_text(encoding="utf-8") for name in names)


def style_hash(text: str) -> str:
    """As a content security policy names it."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def template(name: str) -> "Template":
    """A template that escapes what is put into it."""
    return _templates().get_template(name)


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("capsule_adapters", "docs/templates"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
