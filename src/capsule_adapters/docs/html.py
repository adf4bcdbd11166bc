"""Pages as HTML files."""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from capsule_adapters.docs.graph import graph
from capsule_adapters.docs.highlight import highlighted
from capsule_adapters.store.files import make_private_folder, read_limited, write_atomically
from capsule_domain.errors import Conflict
from capsule_domain.models.page import Page

if TYPE_CHECKING:
    from jinja2 import Template

_TEMPLATE, _STYLE = "page.html.j2", "page.css"
_MARK = b'<meta name="generator" content="Capsule '
_HEAD_BYTES = 4096


def _start(command: Sequence[str]) -> None:
    """Start a viewer that outlives us and says nothing here."""
    subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@dataclass(frozen=True)
class HtmlPages:
    """Implements the `Pages` port: `<home>/docs/<profile>.html` unless a file is named."""

    home: Path
    environment: Mapping[str, str]
    platform: str = sys.platform
    start: Callable[[Sequence[str]], None] = field(default=_start)

    def text(self, page: Page) -> str:
        """One file. Its only style is its own, and nothing else may be loaded or run."""
        style = _style()
        return _template().render(
            page=page,
            environment=page.environment,
            profile=page.environment.profile,
            graph=graph(page.environment),
            style=style,
            style_hash=_hash(style),
            highlighted=highlighted,
        )

    def place(self, page: Page, output: str | None = None) -> str:
        """An absolute path."""
        if output is not None:
            return str(Path(output).expanduser().absolute())
        return str((self.home / "docs" / f"{page.environment.profile.name}.html").absolute())

    def write(self, page: Page, output: str | None = None, *, force: bool = False) -> str:
        """Readable for others only where a file is named that is so already."""
        path = Path(self.place(page, output))
        there = read_limited(path, _HEAD_BYTES)
        if there and _MARK not in there and not force:
            raise Conflict(
                f"{path} is there, and Capsule did not make it", hint="--force replaces it"
            )
        if output is None:
            make_private_folder(path.parent)
        write_atomically(path, self.text(page).encode())
        return str(path)

    def open(self, path: str) -> bool:
        """With the desktop's own opener, where there is a desktop."""
        name = "open" if self.platform == "darwin" else "xdg-open"
        desktop = self.platform == "darwin" or any(
            self.environment.get(each) for each in ("DISPLAY", "WAYLAND_DISPLAY")
        )
        program = shutil.which(name, path=self.environment.get("PATH", os.defpath))
        if not desktop or program is None:
            return False
        try:
            self.start([program, path])
        except OSError:
            return False
        return True


def _style() -> str:
    found = files("capsule_adapters.docs") / "templates" / _STYLE
    return found.read_text(encoding="utf-8")


def _hash(style: str) -> str:
    """As a content security policy names it."""
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


@cache
def _template() -> "Template":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    templates = Environment(
        loader=PackageLoader("capsule_adapters", "docs/templates"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return templates.get_template(_TEMPLATE)
