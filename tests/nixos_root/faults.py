"""The machine's half of the fault matrix: each case one switch, to which something happens."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from capsule_domain.models.switch import SwitchMode, SwitchState
from tests.nixos_root import events
from tests.nixos_root.events import SLOW_LOADER
from tests.nixos_root.network import spare_port
from tests.nixos_root.scene import Scene
from tests.nixos_root.systems import FOREVER, Behaviour

COMMITTED = (SwitchState.COMMITTED,)
REVERTED = (SwitchState.REVERTED,)
REFUSED = (SwitchState.REFUSED,)
INTERRUPTED = (SwitchState.INTERRUPTED,)
FAILED = (SwitchState.REVERT_FAILED,)
NEVER: tuple[SwitchState, ...] = ()
"""It was not begun, and nothing is known of it."""


@dataclass(frozen=True)
class Case:
    """What happens after `begin`, and how it may end. `short`: in every run of the tests."""

    name: str
    happens: Callable[[Scene], None]
    ends: tuple[SwitchState, ...]
    new: Behaviour = field(default_factory=Behaviour)
    root: dict[str, object] = field(default_factory=dict)
    order: dict[str, object] = field(default_factory=dict)
    short: bool = False

    def __str__(self) -> str:
        return self.name

    def run(self, folder: Path) -> list[str]:
        """What does not agree; nothing when all is well."""
        with Scene(folder, self.new, self.root, **self.order) as scene:
            self.happens(scene)
            if self.ends:
                return scene.disagreements(*self.ends)
            return scene.traces()


SOON: dict[str, object] = {"confirm_seconds": 2}
QUICK: dict[str, object] = {"activation_seconds": 2}
ENOUGH: dict[str, object] = {"activation_seconds": 8}
"""For what is activated on a busy machine, and hangs only then."""
OVER_REBOOT: dict[str, object] = {"mode": SwitchMode.REBOOT}
OVER_REBOOT_SOON = {**OVER_REBOOT, **SOON}
GRUB: dict[str, object] = {"loader": "grub"}
NETWORK: dict[str, object] = {"network": True}
GUARDED = Behaviour(guarded=True)


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _activations()
    yield from _unreachable()
    yield from _watchdogs()
    yield from _ways_back()
    yield from _disks()
    yield from _power_cuts()
    yield from _others()
    yield from _reboots()


def _activations() -> Iterator[Case]:
    yield Case("confirmed", events.confirm, COMMITTED)
    yield Case("given up", events.give_up, REVERTED)
    yield Case(
        "given up while it hangs", events.give_up, REVERTED, Behaviour(seconds_before=FOREVER)
    )
    yield Case("confirmation lost", events.begin, REVERTED, order=SOON)
    yield Case("confirmed too late", events.late, REVERTED, order=SOON)
    yield Case(
        "confirmed at the last moment", events.at_the_last_moment, COMMITTED + REVERTED, order=SOON
    )
    yield Case("activation fails before", events.begin, REVERTED, Behaviour(activation_exit=2))
    yield Case("activation fails after", events.begin, REVERTED, Behaviour(activation_exit=3))
    yield Case("units fail", events.begin, REVERTED, Behaviour(failed_units=("a.service",)))
    hangs = [
        ("before", Behaviour(seconds_before=FOREVER)),
        ("after", Behaviour(seconds_after=FOREVER)),
        ("and cannot be ended politely", Behaviour(seconds_after=FOREVER, ignores_term=True)),
    ]
    for when, behaviour in hangs:
        yield Case(f"activation hangs {when}", events.begin, REVERTED, behaviour, order=QUICK)
    yield Case(
        "must not be switched", events.begin, REFUSED, Behaviour(inhibitors={"dbus": "broker"})
    )
    yield Case("another init", events.begin, REFUSED, Behaviour(init_interface="2"))
    yield Case("lock taken meanwhile", events.begin, REFUSED, Behaviour(finds_lock_held=True))


def _unreachable() -> Iterator[Case]:
    moved = Behaviour(ssh_port=spare_port())
    yield Case("SSH port moved", events.confirm, COMMITTED, moved, short=True)
    moved_too = Behaviour(ssh_port=spare_port())
    yield Case("SSH port moved, unconfirmed", events.begin, REVERTED, moved_too, order=SOON)
    elsewhere = Behaviour(address="127.0.0.2")
    yield Case("address changed", events.confirm, COMMITTED, elsewhere)
    yield Case("address changed, unconfirmed", events.begin, REVERTED, elsewhere, order=SOON)
    yield Case("sshd broken", events.begin, REVERTED, Behaviour(sshd="broken"))
    allowed = {**SOON, "allow_failed_units": True}
    yield Case(
        "sshd broken, allowed", events.begin, REVERTED, Behaviour(sshd="broken"), order=allowed
    )
    yield Case("sshd off", events.begin, REVERTED, Behaviour(sshd="off"), order=SOON)
    yield Case("key lost", events.begin, REVERTED, Behaviour(keys_kept=False), order=SOON)
    person: dict[str, object] = {"user": "deploy"}
    asks = Behaviour(sudo_free=False)
    yield Case("sudo asks for a password", events.sudo_asks, REVERTED, asks, person, order=SOON)
    closed = Behaviour(firewall_closed=True)
    yield Case("firewall closed", events.begin, REVERTED, closed, NETWORK, order=SOON, short=True)
    routeless = Behaviour(route_kept=False)
    yield Case("default route lost", events.begin, REVERTED, routeless, NETWORK, order=SOON)


def _watchdogs() -> Iterator[Case]:
    slow = Behaviour(seconds_after=FOREVER)
    kill = events.killed
    yield Case("killed while activating", kill(at=SwitchState.ACTIVATING), REVERTED, slow)
    yield Case("killed while waiting", kill(at=SwitchState.AWAITING), REVERTED, order=SOON)
    waiting = kill(at=SwitchState.AWAITING, confirmed=True)
    yield Case("killed while waiting, confirmed", waiting, COMMITTED, short=True)
    committing = kill(at=SwitchState.COMMITTING, confirmed=True)
    yield Case("killed while committing", committing, COMMITTED, Behaviour(boot_seconds=2))
    yield Case("stopped", events.stopped, REVERTED)


def _ways_back() -> Iterator[Case]:
    failing, hanging = Behaviour(activation_exit=3), Behaviour(seconds_before=FOREVER)
    for_two = {**SOON, "revert_seconds": 2}
    deaf = Behaviour(sshd="off-until-started")
    yield Case("rollback fails", events.old_fails(failing), REVERTED, order=SOON, short=True)
    yield Case("rollback hangs", events.old_fails(hanging), REVERTED, order=for_two)
    degraded = Behaviour(failed_units=("a.service",))
    yield Case("rollback is degraded", events.old_fails(degraded), REVERTED, order=SOON)
    stuck = events.old_fails(failing, "/no-reboot")
    yield Case("rollback and reboot fail", stuck, FAILED, order=SOON)
    yield Case("rolled back and deaf", events.old_fails(deaf), REVERTED, order=for_two)


def _disks() -> Iterator[Case]:
    yield Case("disk full at the beginning", events.full_at(None), NEVER)
    full = events.full_at(events.confirmed_in_a_full_store)
    yield Case("disk full at the commit", full, REVERTED)
    yield Case("boot loader fails", events.confirm, REVERTED, Behaviour(boot_exit=1))
    yield Case("boot loader hangs", events.confirm, REVERTED, SLOW_LOADER, order=ENOUGH)
    yield Case("systemd-run fails", events.without("/no-units"), NEVER)


def _power_cuts() -> Iterator[Case]:
    before, after = Behaviour(seconds_before=FOREVER), Behaviour(seconds_after=FOREVER)
    yield Case("cut while beginning", events.cut_while_beginning, INTERRUPTED, before)
    yield Case("cut before the change", events.cut("new test"), INTERRUPTED, before)
    changed = events.cut_when(SwitchState.ACTIVATING)
    yield Case("cut after the change", changed, INTERRUPTED, after)
    yield Case("cut while waiting", events.cut_when(SwitchState.AWAITING), INTERRUPTED)
    noted = events.cut_when(SwitchState.COMMITTING, confirmed=True)
    yield Case("cut as it commits", noted, INTERRUPTED, SLOW_LOADER)
    between = events.cut("nix-env --set new", "new boot", confirmed=True)
    yield Case("cut before the loader is set", between, INTERRUPTED, SLOW_LOADER, short=True)
    late = events.cut("new is what it starts as", confirmed=True)
    slow_end = Behaviour(boot_seconds_after=FOREVER)
    yield Case("cut after the loader is set", late, COMMITTED, slow_end)
    end = events.cut_when(SwitchState.COMMITTED, confirmed=True)
    yield Case("cut after the commit", end, COMMITTED)
    undone = events.cut("new boot", "old boot", confirmed=True)
    fails = Behaviour(boot_exit=1)
    yield Case("cut while the commit is undone", events.slow_to_undo(undone), REVERTED, fails)
    back = events.cut_when(SwitchState.REVERTING)
    yield Case("cut while rolling back", back, INTERRUPTED, order=SOON)
    for loader in ("grub",):
        root: dict[str, object] = {"loader": loader}
        yield Case(f"cut before {loader} is set", between, INTERRUPTED, SLOW_LOADER, root)
        yield Case(f"cut after {loader} is set", late, COMMITTED, slow_end, root)


def _others() -> Iterator[Case]:
    yield Case("two at once", events.two_at_once, COMMITTED)
    yield Case("nixos-rebuild is at work", events.someone_switches, NEVER)
    yield Case("the lock is held", events.someone_has_the_lock, NEVER)


def _reboots() -> Iterator[Case]:
    for name, root in (("systemd-boot", {}), ("grub", GRUB)):
        yield Case(f"reboot, {name}", events.confirm, COMMITTED, GUARDED, root, OVER_REBOOT)
        lost, short = OVER_REBOOT_SOON, name == "grub"
        title = f"reboot, {name}, unconfirmed"
        yield Case(title, events.nobody_looks, REVERTED, GUARDED, root, lost, short=short)
        given_up = events.given_up_after_reboot
        yield Case(f"reboot, {name}, given up", given_up, REVERTED, GUARDED, root, OVER_REBOOT)
        fails = events.reboot_without("/no-reboot")
        yield Case(f"reboot, {name}, not possible", fails, REFUSED, GUARDED, root, OVER_REBOOT)
        slow = Behaviour(guarded=True, boot_seconds=FOREVER)
        cut = events.cut("nix-env --set new", "new boot", confirmed=True)
        # By GRUB the new one is the default from the reboot on; its guard goes on with the commit.
        if name == "systemd-boot":
            yield Case("reboot, cut at commit", cut, INTERRUPTED, slow, root, OVER_REBOOT)
        kill = events.killed_after_reboot
        yield Case(f"reboot, {name}, killed", kill, COMMITTED, GUARDED, root, OVER_REBOOT)
    cut = events.cut_when(SwitchState.AWAITING)
    yield Case("reboot, cut while waiting", cut, INTERRUPTED, GUARDED, {}, OVER_REBOOT)
    again = events.again_on_the_machine
    yield Case("reboot, grub, cut", again, REVERTED, GUARDED, GRUB, OVER_REBOOT_SOON)
    yield Case("reboot without guard", events.confirm, COMMITTED, Behaviour(), {}, OVER_REBOOT)
    yield Case("reboot, grub, without guard", events.refused, NEVER, Behaviour(), GRUB, OVER_REBOOT)
    dead = Behaviour(guarded=True, boots=False)
    yield Case("reboot, does not start", events.does_not_start, REVERTED, dead, {}, OVER_REBOOT)
    no_variables = events.reboot_without("/no-efi-variables")
    yield Case("reboot, no variables", no_variables, REFUSED, GUARDED, {}, OVER_REBOOT)
    prepared = events.cut("nix-env --set new")
    yield Case("reboot, cut while prepared", prepared, REVERTED, GUARDED, {}, OVER_REBOOT)
