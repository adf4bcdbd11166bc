"""The life of the fleet's screen: keys, and what is shown after each."""

import os
from datetime import datetime
from typing import TYPE_CHECKING

from capsule_cli import fleet_screen
from capsule_cli.fleet_choice import Choice
from capsule_cli.fleet_feed import Feed
from capsule_cli.session import Session

if TYPE_CHECKING:
    from capsule_cli.keyboard import Keyboard
    from capsule_domain.services.fleet_view import XNodeView

TICK_SECONDS = 0.25
_FIRST = "reading …"


class Watching:
    """Shows the fleet until it is left. Only what changed is painted."""

    def __init__(
        self,
        run: Session,
        keyboard: "Keyboard",
        feed: Feed,
        *,
        tick_seconds: float = TICK_SECONDS,
    ) -> None:
        self._run = run
        self._keyboard = keyboard
        self._feed = feed
        self._tick_seconds = tick_seconds
        self._choice = Choice()
        self._painted: object = None
        self._left = False
        self._word = ""

    def until_left(self) -> None:
        """Runs until it is left, or the terminal is gone."""
        while not self._left:
            self._feed.go_on(self._choice.chosen)
            if self._feed.view is not None and self._choice.chosen is None:
                self._choice.move(self._rows(), 0)
            self._paint()
            try:
                pressed = self._keyboard.keys(self._tick_seconds)
            except EOFError:
                return
            for key in pressed:
                self._press(key)

    def _rows(self) -> "list[XNodeView]":
        view = self._feed.view
        return [] if view is None else self._choice.rows(view.xnodes)

    def _press(self, key: str) -> None:
        choice, self._word = self._choice, ""
        if choice.typing:
            choice.typed(key)
            return
        if key in ("up", "down", "page-up", "page-down", "home", "end", "k", "j"):
            self._move(key)
        elif key == "enter":
            choice.detail = not choice.detail
        elif key == "escape":
            choice.words = ""
        elif key == "/":
            choice.typing = True
        elif key == "f":
            choice.next_which()
        elif key == "s":
            choice.next_order()
        elif key == "c":
            self._look_now()
        elif key == "q":
            self._left = True

    def _look_now(self) -> None:
        view = self._feed.view
        if view is not None and view.collector is not None:
            self._word = "the collector looks by itself"
        else:
            self._feed.look_now()

    def _move(self, key: str) -> None:
        rows = self._rows()
        steps = {"up": -1, "k": -1, "down": 1, "j": 1, "home": -len(rows), "end": len(rows)}
        if key in steps:
            self._choice.move(rows, steps[key])
            return
        shown = self._shown(rows)
        if shown is not None:
            width, height = self._size()
            page = fleet_screen.page_height(shown, self._now(), width=width, height=height)
            self._choice.move(rows, page if key == "page-down" else -page)

    def _shown(self, rows: "list[XNodeView]") -> "fleet_screen.Shown | None":
        feed, view = self._feed, self._feed.view
        if view is None:
            return None
        word = self._word or ("looking …" if feed.is_looking else "")
        past = feed.past
        chosen = rows[self._choice.place(rows)].xnode if rows else None
        return fleet_screen.Shown(
            view=view,
            rows=rows,
            choice=self._choice,
            past=past if past and past.xnode == chosen else None,
            guesses=feed.guesses if past and past.xnode == chosen else (),
            who=feed.who(view),
            foot=f"✗ {feed.trouble}" if feed.trouble else word,
        )

    def _now(self) -> datetime:
        return self._run.wiring.clock().now()

    def _size(self) -> tuple[int, int]:
        """Asked each time: the window may have another size by now.

        The last column stays empty: what is written there makes terminals differ.
        """
        console = self._run.out.screen.console
        try:
            width, height = os.get_terminal_size(self._run.out.stdout.fileno())
        except OSError:
            width, height = console.size
        return max(width - 1, 1), max(height, 1)

    def _paint(self) -> None:
        from rich.text import Text

        width, height = self._size()
        shown = self._shown(self._rows())
        if shown is None:
            lines = [Text(self._feed.trouble or _FIRST)]
        else:
            lines = fleet_screen.lines(shown, self._now(), width=width, height=height)
        console = self._run.out.screen.console
        with console.capture() as captured:
            for line in lines:
                console.print(line, soft_wrap=True)
        picture = (captured.get(), width, height)
        if picture != self._painted:
            self._keyboard.paint(picture[0])
            self._painted = picture
