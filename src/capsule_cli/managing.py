"""The life of an xNode's screen: what is pressed, what is done, what is shown."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from capsule_cli.session import Session
from capsule_cli.xnode_words import stopped_costs
from capsule_domain.errors import CapsuleError, Declined

if TYPE_CHECKING:
    from capsule_cli.keyboard import Keyboard
    from capsule_domain.models.xnode import XNode

TICK_SECONDS = 0.5
LOOK_EVERY_SECONDS = 30.0


def _in_a_thread(work: Callable[[], str]) -> Future[str]:
    """So that the screen lives on."""
    from capsule_domain.services.side_by_side import side_by_side

    (begun,) = side_by_side([work], deadline_seconds=0)
    return begun


class Managing:
    """The screen's life: a key, perhaps a question, a work in the background, what came of it."""

    def __init__(
        self,
        run: Session,
        keyboard: "Keyboard",
        xnode: "XNode",
        *,
        tick_seconds: float = TICK_SECONDS,
    ) -> None:
        self._run = run
        self._keyboard = keyboard
        self._xnode = xnode
        self._message = ""
        self._doing = ""
        self._work: Future[str] | None = None
        self._look: Future[str] | None = None
        self._waiting: Callable[[], None] | None = None
        self._left = False
        self._leaves_after = False
        self._tick_seconds = tick_seconds
        self._looked_at = float("-inf")

    def until_left(self) -> str:
        """Runs until it is left; the last word to the person."""
        while not self._left:
            self._take_in()
            self._look_now_and_then()
            self._paint()
            try:
                key = self._keyboard.key(self._tick_seconds)
            except EOFError:
                break
            if key is not None:
                self._press(key.lower())
        return self._message or f"{self._xnode.name} is {self._xnode.status}"

    def _press(self, key: str) -> None:
        if self._waiting is not None:
            go_on, self._waiting = self._waiting, None
            self._message = ""
            if key == "y":
                go_on()
            return
        if key == "q":
            self._leave()
            return
        action = {
            "c": self._check,
            "o": self._shell,
            "l": self._launch,
            "s": self._stop,
            "r": self._restart,
            "f": self._restart_by_power,
            "p": self._protect,
            "g": self._generations,
            "e": self._end,
        }.get(key)
        if action is None:
            return
        if self._work is not None:
            self._message = f"first {self._doing} has to end"
            return
        try:
            action()
        except CapsuleError as error:
            self._message = f"✗ {error.message}"

    def _leave(self) -> None:
        """Whoever leaves in the middle of a change never hears what came of it."""
        if self._work is None:
            self._left = True
        else:
            self._ask(f"{self._doing} is on its way. Leave all the same?", self._go)

    def _go(self) -> None:
        self._left = True

    def _ask(self, question: str, go_on: Callable[[], None]) -> None:
        self._message, self._waiting = f"{question} [y/N]", go_on

    def _begin(self, doing: str, work: Callable[[], str]) -> None:
        """One change after the other: a second one waits for its end."""
        self._doing, self._message = doing, ""
        self._work = _in_a_thread(work)

    def _take_in(self) -> None:
        """What came of the work that ended, and the xNode as the inventory has it now."""
        if self._look is not None and self._look.done():
            look, self._look = self._look, None
            self._hear(look)
        if self._work is not None and self._work.done():
            work, self._work = self._work, None
            self._hear(work)
            self._left = self._left or (self._leaves_after and work.exception() is None)
            self._leaves_after = False
        self._xnode = self._run.wiring.inventory().get(self._xnode.id, exact=True)

    def _hear(self, ended: Future[str]) -> None:
        """A question that waits for its answer stays on the screen."""
        try:
            said = ended.result()
        except CapsuleError as error:
            said = f"✗ {error.message}"
        if said and self._waiting is None:
            self._message = said

    def _look_now_and_then(self) -> None:
        since = self._run.wiring.clock().monotonic() - self._looked_at
        if self._work is None and self._xnode.status == "running" and since > LOOK_EVERY_SECONDS:
            self._begin_look(told=False)

    def _begin_look(self, *, told: bool) -> None:
        """Beside everything else: it changes nothing."""
        if self._look is not None:
            return
        wiring, name = self._run.wiring, self._xnode.id
        self._looked_at = wiring.clock().monotonic()

        def work() -> str:
            found = wiring.watch().health(name, fresh=True)
            return f"{found.xnode} is {found.status}" if told else ""

        if told:
            self._message = "looking …"
        self._look = _in_a_thread(work)

    def _check(self) -> None:
        self._begin_look(told=True)

    def _launch(self) -> None:
        self._switch("launch", lambda x: self._run.wiring.lifecycle().launch(x))

    def _stop(self) -> None:
        question = f"Stop it? {stopped_costs(self._run, self._xnode).capitalize()}."
        switch = self._run.wiring.lifecycle()
        self._ask(question, lambda: self._switch("stop", switch.stop))

    def _restart(self) -> None:
        switch = self._run.wiring.lifecycle()
        self._ask("Restart it?", lambda: self._switch("restart", switch.restart))

    def _restart_by_power(self) -> None:
        switch = self._run.wiring.lifecycle()
        self._ask(
            "Restart it by power? What is not on its disk is lost.",
            lambda: self._switch("restart by power", lambda x: switch.restart(x, force=True)),
        )

    def _switch(self, word: str, act: "Callable[[XNode], XNode]") -> None:
        xnode = self._xnode

        def work() -> str:
            return f"✓ {word}: {xnode.name} is {act(xnode).status}"

        self._begin(f"the {word}", work)

    def _protect(self) -> None:
        now = self._run.wiring.mark().protect(self._xnode, on=not self._xnode.protected)
        self._message = f"✓ {now.name} is {'protected' if now.protected else 'not protected'}"

    def _shell(self) -> None:
        from capsule_domain.services.ready import target_of

        program = self._run.wiring.ssh_program()
        command = program.command(target_of(self._xnode))
        with self._keyboard.aside():
            code = program.run(command)
        self._message = f"the shell ended with {code}" if code else ""

    def _generations(self) -> None:
        from capsule_cli.going_back import look_and_go_back

        with self._keyboard.aside():
            self._message = look_and_go_back(self._run, self._xnode)

    def _end(self) -> None:
        """Asked on the terminal itself, where a name can be typed."""
        service = self._run.wiring.terminate()
        xnode = service.find(self._xnode.id)
        with self._keyboard.aside():
            try:
                self._run.ask.confirm_by_name(xnode.name, f"This ends {xnode.name}, for good.")
            except Declined as error:
                self._message = error.message
                return

        def work() -> str:
            service.run(xnode)
            return f"✓ {xnode.name} is gone"

        self._leaves_after = True
        self._begin("the end", work)

    def _paint(self) -> None:
        from capsule_cli import cockpit

        wiring, console = self._run.wiring, self._run.out.screen.console
        busy = self._work is not None and self._waiting is None
        text = f"{self._doing} is on its way …" if busy else self._message
        shown = cockpit.lines(
            wiring.details().of(self._xnode),
            wiring.clock().now(),
            width=console.width,
            height=console.height,
            foot=text,
        )
        with console.capture() as captured:
            for line in shown:
                console.print(line, soft_wrap=True)
        self._keyboard.paint(captured.get())
