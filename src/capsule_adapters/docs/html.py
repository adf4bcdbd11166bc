"""Pages as HTML files."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from capsule_adapters.docs.graph import graph
from capsule_adapters.docs.highlight import highlighted
from capsule_adapters.docs.style import style, style_hash, template
from capsule_adapters.store.files import make_private_folder, read_limited, write_atomically
from capsule_domain.errors import Conflict
from capsule_domain.models.page import Page

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
        own = style(_STYLE)
        return template(_TEMPLATE).render(
            page=page,
            environment=page.environment,
            profile=page.environment.profile,
            graph=graph(page.environment),
            style=own,
            style_hash=style_hash(own),
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
