"""Draws the pictures in docs/images from real runs.

    python scripts/picture.py                    demo.svg, from `capsule demo`
    python scripts/picture.py monitoring HOME    the screens of monitoring, from a rehearsal

HOME is one in whose rehearsal some xNodes were deployed and a collector runs:

    capsule --sandbox --home HOME openmesh monitor run

The fonts are those of the reader: the pictures ask for nothing from outside.
"""

import io
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 84
IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
SCREENS = {"watch": (80, 24, ()), "watch-wide": (120, 32, ("Down",))}
"""Their sizes, and the keys pressed before the picture is taken."""
_SETTLED_SECONDS = 6


def main(words: list[str]) -> None:
    """Run, record, draw."""
    if not words:
        draw("demo", "capsule demo", "$ capsule demo\n" + printed("demo"), WIDTH)
        return
    _monitoring, home = words
    ours = ("--sandbox", "--home", home, "openmesh", "monitor")
    for name, (width, height, keys) in SCREENS.items():
        text = screen(("watch",), ours, width, height, keys)
        draw(name, "capsule openmesh monitor watch", text, width)
    metrics = ("metrics", "web-1", "--since", "30m")
    title = f"capsule openmesh monitor {' '.join(metrics)}"
    draw("metrics", title, f"$ {title}\n{printed(*ours, *metrics)}", WIDTH)


def printed(*words: str) -> str:
    """What a command prints on a terminal."""
    done = subprocess.run(
        [sys.executable, "-m", "capsule_cli", *words],
        env={**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(WIDTH)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def screen(
    command: tuple[str, ...], ours: tuple[str, ...], width: int, height: int, keys: tuple[str, ...]
) -> str:
    """What a command has on the whole screen of a terminal, after some keys."""
    with tempfile.TemporaryDirectory() as folder:
        tmux = ["tmux", "-S", f"{folder}/tmux", "-f", "/dev/null"]
        size = ["-x", str(width), "-y", str(height)]
        line = [sys.executable, "-m", "capsule_cli", *ours, *command]
        subprocess.run([*tmux, "new-session", "-d", "-s", "w", *size, *line], check=True)
        subprocess.run([*tmux, "set-option", "-g", "status", "off"], check=True)
        subprocess.run([*tmux, "resize-window", "-t", "w", *size], check=True)
        try:
            time.sleep(_SETTLED_SECONDS)
            for key in keys:
                subprocess.run([*tmux, "send-keys", "-t", "w", key], check=True)
                time.sleep(_SETTLED_SECONDS / 2)
            shown = [*tmux, "capture-pane", "-e", "-p", "-t", "w"]
            return subprocess.run(shown, stdout=subprocess.PIPE, text=True, check=True).stdout
        finally:
            subprocess.run([*tmux, "kill-server"], check=True)


def draw(name: str, title: str, text: str, width: int) -> None:
    """`text` with its colours, as docs/images/NAME.svg."""
    console = Console(record=True, width=width, file=io.StringIO())
    console.print(Text.from_ansi(text.rstrip("\n")))
    svg = console.export_svg(title=title)
    path = IMAGES / f"{name}.svg"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL))
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
