"""The look: boxes and colours on a terminal, plain words everywhere else."""

from collections.abc import Iterable, Sequence
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from capsule_cli.options import again

BOX_WIDTH = 60
_UNBOUNDED = 10_000
_FOLDED_WIDTH = 16
"""The least width at which a column of prose is still read with ease."""

_STYLES = Theme(
    {
        "title": "bold cyan",
        "active": "green",
        "inactive": "dim",
        "package": "magenta",
        "advice": "dim",
        "good": "green",
        "bad": "bold red",
        "warned": "yellow",
        "money": "cyan",
        "name": "bold",
    }
)

Cell = str | Text
"""A table's cell: plain text, or text with its style."""


class Screen:
    """Paints on one stream. Boxes, colours and wrapping only where a person looks."""

    def __init__(self, stream: TextIO, program: str = "capsule") -> None:
        self.program = program
        self.console = Console(file=stream, theme=_STYLES, highlight=False)
        self.fancy = self.console.is_terminal
        if not self.fancy:
            self.console.width = _UNBOUNDED

    def header(self, title: str, *, icon: str = "◆") -> None:
        """The box with the title, on a terminal that is wide enough."""
        if not self.fancy:
            return
        words = f"{icon} {title}"
        if self.console.width < BOX_WIDTH:
            self.line(words, style="title")
            return
        inner = BOX_WIDTH - 2
        space = max(inner - cell_len(words), 0)
        left = space // 2
        self.line("╔" + "═" * inner + "╗", style="title")
        self.line("║" + " " * left + words + " " * (space - left) + "║", style="title")
        self.line("╚" + "═" * inner + "╝", style="title")

    def section(self, title: str) -> None:
        """A title over a thin rule."""
        if not self.fancy:
            self.line(f"{title}:")
            return
        self.line("")
        self.line(f"▼ {title}", style="title")
        self.line("─" * min(BOX_WIDTH, self.console.width), style="inactive")

    def line(self, text: Cell, *, style: str | None = None) -> None:
        """One line, as it is: no markup is read in it."""
        shown = text if isinstance(text, Text) else Text(text)
        if style:
            shown.stylize(style)
        self.console.print(shown, soft_wrap=True)

    def hint(self, command: str) -> None:
        """What to run, or to do, next."""
        self.line(f"▸ {again(command, self.program)}", style="advice")

    def success(self, text: str) -> None:
        """Something was done."""
        self.line(Text.assemble(("✓ ", "good"), text))

    def warning(self, text: str) -> None:
        """Something to know."""
        self.line(Text.assemble(("⚠ ", "warned"), text))

    def failure(self, text: str) -> None:
        """Something went wrong."""
        self.line(Text.assemble(("✗ ", "bad"), text))

    def bullet(self, text: Cell, *, active: bool = True) -> None:
        """A line with a filled or an empty dot."""
        dot = ("● ", "active") if active else ("○ ", "inactive")
        self.line(Text.assemble(dot, text))

    def fields(self, pairs: Iterable[tuple[str, Cell]]) -> None:
        """Names and values below one another."""
        rows = list(pairs)
        width = max((cell_len(name) for name, _ in rows), default=0)
        for name, value in rows:
            label = name + " " * (width - cell_len(name) + 2)
            self.line(Text.assemble((label, "inactive"), value))

    def table(
        self,
        columns: Sequence[str],
        rows: Iterable[Sequence[Cell]],
        *,
        right: Sequence[str] = (),
        whole: Sequence[str] = (),
    ) -> None:
        """Rows under their names. `right` aligns numbers; `whole` columns are never folded.

        Where a terminal is too narrow for that, each row becomes a block of lines.
        """
        shown = [[c if isinstance(c, Text) else Text(c) for c in row] for row in rows]
        natural = [
            max([cell_len(name), *(row[i].cell_len for row in shown)])
            for i, name in enumerate(columns)
        ]
        rigid = [name in whole or name in right for name in columns]
        least = [
            width if firm else min(width, _FOLDED_WIDTH)
            for width, firm in zip(natural, rigid, strict=True)
        ]
        if self.fancy and sum(least) + 2 * (len(columns) - 1) > self.console.width:
            self._blocks(columns, shown)
            return
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="inactive", pad_edge=False)
        for name, firm, width in zip(columns, rigid, least, strict=True):
            table.add_column(
                name,
                justify="right" if name in right else "left",
                no_wrap=firm,
                min_width=width,
                overflow="fold",
            )
        for row in shown:
            table.add_row(*row)
        self._print(table)

    def _print(self, table: Table) -> None:
        """On a terminal as it is; elsewhere without the spaces at the ends of lines."""
        if self.fancy:
            self.console.print(table)
            return
        with self.console.capture() as captured:
            self.console.print(table)
        for text in captured.get().splitlines():
            self.line(text.rstrip())

    def _blocks(self, columns: Sequence[str], rows: Sequence[Sequence[Text]]) -> None:
        for row in rows:
            cells = zip(columns, row, strict=True)
            self.fields([(name, cell) for name, cell in cells if cell.plain])
            self.line("")


def status_dot(word: str, *, active: bool) -> Text:
    """`● running` or `○ stopped`."""
    return Text.assemble(("● ", "active") if active else ("○ ", "inactive"), word)
