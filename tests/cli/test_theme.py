"""The look: boxes and colours on a terminal, plain words elsewhere, and nothing cut."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from capsule_cli.theme import BOX_WIDTH, Screen

words = st.text("abcdefgh●✓×ä漢字", min_size=1, max_size=24)
_STYLE = re.compile(r"\x1b\[[0-9;]*m")


class Terminal(io.StringIO):
    """A stream that a person looks at."""

    def isatty(self) -> bool:
        return True


def on_terminal(width: int) -> tuple[Screen, Terminal]:
    stream = Terminal()
    screen = Screen(stream)
    screen.console.width = width
    return screen, stream


def seen(stream: io.StringIO) -> list[str]:
    return [_STYLE.sub("", line) for line in stream.getvalue().splitlines()]


@given(words)
def test_every_box_is_sixty_columns_wide_whatever_its_title(title: str) -> None:
    screen, stream = on_terminal(80)
    screen.header(title)
    assert [cell_len(line) for line in seen(stream)] == [BOX_WIDTH] * 3
    assert title in seen(stream)[1]


def test_a_narrow_terminal_has_the_title_without_its_box() -> None:
    screen, stream = on_terminal(40)
    screen.header("Stacks")
    assert seen(stream) == ["◆ Stacks"]


def test_what_is_piped_has_neither_boxes_nor_colours_nor_a_width() -> None:
    stream = io.StringIO()
    screen = Screen(stream)
    screen.header("Stacks")
    screen.table(["name", "what"], [("a", "x" * 300), ("b", "y")])
    assert stream.getvalue() == f"name  what\na     {'x' * 300}\nb     y\n"


def test_text_from_outside_is_never_read_as_markup() -> None:
    stream = io.StringIO()
    screen = Screen(stream)
    screen.line("[bold]x[/bold] [red]")
    screen.failure("[/] :smile:")
    screen.table(["a"], [("[red]",)])
    assert stream.getvalue() == "[bold]x[/bold] [red]\n✗ [/] :smile:\na\n[red]\n"


@given(st.lists(st.tuples(words, words, words), max_size=4), st.sampled_from([30, 46, 80, 200]))
def test_a_whole_cell_is_never_cut_at_any_width(
    rows: list[tuple[str, str, str]], width: int
) -> None:
    screen, stream = on_terminal(width)
    screen.table(["one", "two", "three"], rows, right=["two"], whole=["one"])
    text = "\n".join(seen(stream))
    for first, second, _ in rows:
        assert first in text
        assert second in text


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_of_a_table_is_wider_than_the_terminal(width: int) -> None:
    screen, stream = on_terminal(width)
    screen.table(["name", "what"], [("a" * 20, "word " * 60)], whole=["name"])
    assert all(cell_len(line) <= width for line in seen(stream))
    assert len(seen(stream)) > 3


def test_no_color_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    screen, stream = on_terminal(80)
    screen.success("done")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", stream.getvalue())
