"""Draws docs/images/demo.svg from a real run of `capsule demo`.

    python scripts/picture.py

The fonts are those of the reader: the picture asks for nothing from outside.
"""

import io
import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 84
PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "demo.svg"


def main() -> None:
    """Run, record, draw."""
    done = subprocess.run(
        [sys.executable, "-m", "capsule_cli", "demo"],
        env={**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(WIDTH)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    console.print(Text.from_ansi("$ capsule demo\n" + done.stdout))
    svg = console.export_svg(title="capsule demo")
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL))
    sys.stdout.write(f"{PICTURE}\n")


if __name__ == "__main__":
    main()
