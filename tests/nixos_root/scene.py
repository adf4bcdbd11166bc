"""One switch on a fake machine, and what may happen to it; then whether all words agree."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from capsule_adapters.nixos.hosts import ShellNixosHost
from capsule_domain.errors import CapsuleError, HostError, HostUnreachable, NotFound
from capsule_domain.models.switch import SwitchOrder, SwitchReport, SwitchState
from capsule_domain.ports.host import Host, Target
from tests.nixos_root.disk import PROFILES
from tests.nixos_root.machine import NixosRoot
from tests.nixos_root.systems import Behaviour

PATIENCE_SECONDS = 120.0
PROMPT: dict[str, Any] = dict.fromkeys(
    ("seconds_before", "seconds_after", "boot_seconds", "boot_seconds_after"), 0.0
)


class Scene(AbstractContextManager["Scene"]):
    """A machine that runs `old`, and an order to switch it to a `new` one of that behaviour.

    Options are those of NixosRoot, and fields of the order.
    """

    def __init__(
        self, folder: Path, new: Behaviour, root: dict[str, object], **order: object
    ) -> None:
        self._stack = ExitStack()
        folder.mkdir(parents=True, exist_ok=True)
        self.root = NixosRoot(folder, **root)  # type: ignore[arg-type]
        self.new = self.root.add_system("new", new)
        whole = SwitchOrder(id="20261123-fault", old=self.root.old, new=self.new)
        short = {"activation_seconds": 20, "confirm_seconds": 30, "revert_seconds": 20}
        ports = {"ports": (new.ssh_port or self.root.port,), "old_ports": (self.root.port,)}
        self.order = whole.model_copy(update={**short, **ports, **order})
        self._behaviour, self._old_behaviour = new, Behaviour()
        self.said: list[str] = []
        """What calls that were refused said."""

    def __enter__(self) -> Self:
        self._stack.enter_context(self.root)
        self.ssh = self.root.hosts()
        self._stack.callback(self.ssh.close)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    # What may happen.

    def begin(self) -> None:
        with self.entered() as host:
            host.begin(self.order)

    def refused(self, call: str, *arguments: object) -> None:
        """A call that must not be taken."""
        try:
            with self.entered() as host:
                getattr(host, call)(*arguments)
        except CapsuleError as error:
            self.said.append(f"{type(error).__name__}: {error.message}")
        else:
            raise AssertionError(f"{call} was taken")

    def confirm(self) -> None:
        """Over a new connection, as soon as it waits for that."""
        self.until(SwitchState.AWAITING)
        with self.entered() as host:
            host.confirm(self.order.id)

    def until(self, *states: SwitchState) -> SwitchReport:
        """What it says in one of those states, or at its end."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            report = self.report()
            if report is not None and (report.state in states or report.state.is_end):
                return report
            if time.monotonic() > deadline:
                raise AssertionError(f"it does not come to {states}: {report}")
            time.sleep(0.1)

    def until_called(self, *lines: str) -> None:
        """Until the machine was asked to do that, looking at it from outside."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not set(lines) <= set(self.root.calls()):
            if time.monotonic() > deadline:
                raise AssertionError(f"not called: {lines}; but {self.root.calls()}")
            time.sleep(0.01)

    def until_called_again(self, line: str) -> None:
        """Until it was asked to do that a second time."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.root.calls().count(line) < 2:
            assert time.monotonic() < deadline, self.root.calls()
            time.sleep(0.05)

    def until_noted(self, state: SwitchState) -> None:
        """Until it wrote that down, looking at it from outside."""
        file = self.root.path(f"/var/lib/capsule/switches/{self.order.id}/state")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not file.exists() or file.read_text().split("\n")[0] != state:
            if time.monotonic() > deadline:
                raise AssertionError(f"it never was {state}")
            time.sleep(0.01)

    def power_cycle(self) -> None:
        """Off and on; what hung before hangs no more."""
        self.root.power_cut()
        self.root.change_system(self.new, replace(self._behaviour, **PROMPT))
        self.root.change_system(self.root.old, replace(self._old_behaviour, **PROMPT))
        self.root.boot()

    def kill_watchdog(self) -> None:
        """As the kernel does it when memory is short."""
        pid = self.inside("cat /run/fake/units/capsule-*/pid")
        self.inside(f"kill -KILL {pid}")

    def inside(self, command: str) -> str:
        """What a command on the machine says."""
        with self.entered() as host:
            return host.host.run(command, check=True).stdout.strip()

    def until_inside(self, command: str) -> None:
        """Until a command on the machine succeeds."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self.entered() as host:
            while host.host.run(command).exit_code != 0:
                assert time.monotonic() < deadline, command
                time.sleep(0.05)

    def old_becomes(self, behaviour: Behaviour) -> None:
        self._old_behaviour = behaviour
        self.root.change_system(self.root.old, behaviour)

    # What is true of it.

    def is_known(self) -> bool:
        """Whether the machine knows of the order."""
        return self.report() is not None

    def traces(self) -> list[str]:
        """What an order that was not taken left all the same."""
        found = [] if self.said else ["it was not refused"]
        if self.root.runs() != self.root.old or self.root.profile() != self.root.old:
            found.append("the machine was changed")
        for folder in ("/var/lib/capsule/switches", "/nix/var/nix/gcroots/capsule"):
            found += [f"left: {path}" for path in self.root.path(folder).glob("*")]
        return found

    @contextmanager
    def entered(self) -> Iterator[ShellNixosHost]:
        """Over the first of its places that lets us in: where it will be, then where it was."""
        with ExitStack() as stack:
            yield ShellNixosHost(self._opened(stack), "the machine")

    def _opened(self, stack: ExitStack) -> Host:
        for place in self._places():
            with suppress(HostUnreachable):
                return stack.enter_context(self.ssh.connect(place, timeout_seconds=5))
        raise HostUnreachable("it lets nobody in")

    def _places(self) -> list[Target]:
        moved = self.root.target(address=self._behaviour.address, port=self._behaviour.ssh_port)
        return [moved, self.root.target()]

    def report(self) -> SwitchReport | None:
        """None while it cannot be asked."""
        with suppress(HostError, NotFound), self.entered() as host:
            return host.follow(self.order.id)
        return None

    def disagreements(self, *ends: SwitchState) -> list[str]:
        """What is not as it must be at the end: now, and after one more start."""
        report = self.until()
        found = [] if report.state in ends else [f"ended {report.state}: {report.reason}"]
        found += self._against(report)
        self.power_cycle()
        again = self.report()
        if again is None or again.state is not report.state:
            found.append(f"after one more start it says {again and again.state}")
        return found + [f"after one more start {line}" for line in self._against(report)]

    def _against(self, report: SwitchReport) -> list[str]:
        """Where the machine is not as the word says; for what failed to go back it says nothing."""
        if report.state is SwitchState.REVERT_FAILED:
            return [] if report.reason else ["it does not say why"]
        right = self.new if report.state is SwitchState.COMMITTED else self.root.old
        truth = {
            "runs": self.root.runs(),
            "profile": self.root.profile(),
            "starts as": self.root.boots_into(),
            "says it runs": report.running,
            "says its profile is": report.profile,
        }
        wrong = [f"{what} {path}" for what, path in truth.items() if path != right]
        if self.root.generations().get(1) != self.root.old:
            wrong.append("generation 1 is not what it was")
        if right == self.root.old and self.root.path(f"{PROFILES}/system").readlink() != Path(
            "system-1-link"
        ):
            wrong.append("the profile is not the generation it was")
        if any(self.root.path("/nix/var/nix/gcroots/capsule").glob("*")):
            wrong.append("something is kept from the collector")
        return wrong + self._still_busy()

    def _still_busy(self) -> list[str]:
        try:
            with self.entered() as host:
                return [f"busy: {what}" for what in host.look().busy]
        except CapsuleError as error:
            return [f"not reachable: {error.message}"]
