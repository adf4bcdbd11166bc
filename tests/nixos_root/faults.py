"""The machine's half of the fault matrix: each case one switch, to which something happens."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from capsule_domain.errors import Conflict, HostUnreachable
from capsule_domain.models.switch import SwitchMode, SwitchState
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


def _begin(scene: Scene) -> None:
    scene.begin()


def _confirm(scene: Scene) -> None:
    scene.begin()
    scene.confirm()


def _give_up(scene: Scene) -> None:
    scene.begin()
    with scene.entered() as host:
        host.give_up(scene.order.id)


def _late(scene: Scene) -> None:
    scene.begin()
    scene.until(SwitchState.REVERTED)
    scene.refused("confirm", scene.order.id)


def _at_the_last_moment(scene: Scene) -> None:
    """Whoever is first: the word and the machine agree."""
    scene.begin()
    with scene.entered() as host:
        scene.until(SwitchState.AWAITING)
        while (host.follow(scene.order.id).seconds_left or 0) > 0.1:
            pass
        with suppress(Conflict):
            host.confirm(scene.order.id)


def _killed(*, at: SwitchState, confirmed: bool = False) -> Callable[[Scene], None]:
    def happens(scene: Scene) -> None:
        scene.begin()
        if confirmed and at is SwitchState.COMMITTING:
            scene.confirm()
        scene.until_noted(at)
        scene.kill_watchdog()
        if confirmed and at is SwitchState.AWAITING:
            scene.confirm()

    return happens


def _stopped(scene: Scene) -> None:
    scene.begin()
    scene.until(SwitchState.AWAITING)
    scene.inside(f"systemctl stop capsule-apply-{scene.order.id}.service")


def _cut(*calls: str, confirmed: bool = False) -> Callable[[Scene], None]:
    """Power lost as soon as the machine was asked to do all of that."""

    def happens(scene: Scene) -> None:
        scene.begin()
        if confirmed:
            scene.confirm()
        scene.until_called(*calls)
        scene.power_cycle()

    return happens


def _cut_when(state: SwitchState, *, confirmed: bool = False) -> Callable[[Scene], None]:
    def happens(scene: Scene) -> None:
        scene.begin()
        if confirmed:
            scene.confirm()
        scene.until_noted(state)
        scene.power_cycle()

    return happens


def _slow_to_undo(happens: Callable[[Scene], None]) -> Callable[[Scene], None]:
    def with_slow_old(scene: Scene) -> None:
        scene.old_becomes(SLOW_LOADER)
        happens(scene)

    return with_slow_old


def _cut_while_beginning(scene: Scene) -> None:
    with ThreadPoolExecutor(1) as pool:
        beginning = pool.submit(scene.begin)
        scene.until_noted(SwitchState.ARMED)
        scene.root.power_cut()
        with suppress(HostUnreachable):
            beginning.result()
    scene.root.boot()


def _old_fails(behaviour: Behaviour, *broken: str) -> Callable[[Scene], None]:
    def happens(scene: Scene) -> None:
        scene.old_becomes(behaviour)
        for switch in broken:
            scene.root.path(switch).touch()
        scene.begin()

    return happens


def _full_at(confirmation: Callable[[Scene], None] | None) -> Callable[[Scene], None]:
    """No space left: from the beginning, or from the moment that it waits."""

    def happens(scene: Scene) -> None:
        if confirmation is None:
            scene.root.path("/full").touch()
            scene.refused("begin", scene.order)
        else:
            scene.begin()
            scene.until(SwitchState.AWAITING)
            scene.root.path("/full").touch()
            confirmation(scene)
        scene.root.path("/full").unlink(missing_ok=True)

    return happens


def _confirmed_in_a_full_store(scene: Scene) -> None:
    scene.confirm()
    scene.until()


def _without(file: str) -> Callable[[Scene], None]:
    def happens(scene: Scene) -> None:
        scene.root.path(file).touch()
        scene.refused("begin", scene.order)

    return happens


def _reboot_without(file: str) -> Callable[[Scene], None]:
    def happens(scene: Scene) -> None:
        scene.root.path(file).touch()
        scene.begin()

    return happens


def _two_at_once(scene: Scene) -> None:
    other = scene.order.model_copy(update={"id": "20261123-other"})

    def begin(order: object) -> str:
        try:
            with scene.entered() as host:
                host.begin(order)  # type: ignore[arg-type]
        except Conflict:
            return "conflict"
        return "begun"

    with ThreadPoolExecutor(2) as pool:
        words = sorted(pool.map(begin, [scene.order, other]))
    assert words == ["begun", "conflict"], words
    if not scene.is_known():
        scene.order = other
    scene.confirm()


def _someone_switches(scene: Scene) -> None:
    scene.inside(
        "mkdir -p /run/fake/active && touch /run/fake/active/nixos-rebuild-switch-to-configuration"
    )
    scene.refused("begin", scene.order)


def _someone_has_the_lock(scene: Scene) -> None:
    lock = "/run/nixos/switch-to-configuration.lock"
    scene.inside(f"systemd-run --unit=other -- flock {lock} sleep 100")
    scene.until_inside(f"grep -q :$(stat -c %i {lock}) /proc/locks")
    scene.refused("begin", scene.order)


def _refused(scene: Scene) -> None:
    scene.refused("begin", scene.order)


def _does_not_start(scene: Scene) -> None:
    """Somebody sees that nothing comes back, and turns it off and on."""
    scene.begin()
    scene.until_called("new boots")
    scene.power_cycle()


def _nobody_looks(scene: Scene) -> None:
    """Until it is back by itself: there and back again."""
    scene.begin()
    scene.until_called("new boots")
    scene.until_called_again("old boots")


def _again_on_the_machine(scene: Scene) -> None:
    """Its watchdog is back after a power cut, and nobody confirms."""
    scene.begin()
    scene.until(SwitchState.AWAITING)
    scene.power_cycle()
    scene.until(SwitchState.AWAITING)


def _sudo_asks(scene: Scene) -> None:
    scene.begin()
    scene.until_called("new test")
    scene.until_noted(SwitchState.AWAITING)
    scene.refused("confirm", scene.order.id)
    scene.until_noted(SwitchState.REVERTED)


SOON: dict[str, object] = {"confirm_seconds": 2}
QUICK: dict[str, object] = {"activation_seconds": 2}
OVER_REBOOT: dict[str, object] = {"mode": SwitchMode.REBOOT}
OVER_REBOOT_SOON = {**OVER_REBOOT, **SOON}
GRUB: dict[str, object] = {"loader": "grub"}
NETWORK: dict[str, object] = {"network": True}
GUARDED = Behaviour(guarded=True)
SLOW_LOADER = Behaviour(boot_seconds=FOREVER)


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
    yield Case("confirmed", _confirm, COMMITTED)
    yield Case("given up", _give_up, REVERTED)
    yield Case("given up while it hangs", _give_up, REVERTED, Behaviour(seconds_before=FOREVER))
    yield Case("confirmation lost", _begin, REVERTED, order=SOON)
    yield Case("confirmed too late", _late, REVERTED, order=SOON)
    yield Case(
        "confirmed at the last moment", _at_the_last_moment, COMMITTED + REVERTED, order=SOON
    )
    yield Case("activation fails before", _begin, REVERTED, Behaviour(activation_exit=2))
    yield Case("activation fails after", _begin, REVERTED, Behaviour(activation_exit=3))
    yield Case("units fail", _begin, REVERTED, Behaviour(failed_units=("a.service",)))
    hangs = [
        ("before", Behaviour(seconds_before=FOREVER)),
        ("after", Behaviour(seconds_after=FOREVER)),
        ("and cannot be ended politely", Behaviour(seconds_after=FOREVER, ignores_term=True)),
    ]
    for when, behaviour in hangs:
        yield Case(f"activation hangs {when}", _begin, REVERTED, behaviour, order=QUICK)
    yield Case("must not be switched", _begin, REFUSED, Behaviour(inhibitors={"dbus": "broker"}))
    yield Case("another init", _begin, REFUSED, Behaviour(init_interface="2"))
    yield Case("lock taken meanwhile", _begin, REFUSED, Behaviour(finds_lock_held=True))


def _unreachable() -> Iterator[Case]:
    moved = Behaviour(ssh_port=spare_port())
    yield Case("SSH port moved", _confirm, COMMITTED, moved, short=True)
    moved_too = Behaviour(ssh_port=spare_port())
    yield Case("SSH port moved, unconfirmed", _begin, REVERTED, moved_too, order=SOON)
    elsewhere = Behaviour(address="127.0.0.2")
    yield Case("address changed", _confirm, COMMITTED, elsewhere)
    yield Case("address changed, unconfirmed", _begin, REVERTED, elsewhere, order=SOON)
    yield Case("sshd broken", _begin, REVERTED, Behaviour(sshd="broken"))
    allowed = {**SOON, "allow_failed_units": True}
    yield Case("sshd broken, allowed", _begin, REVERTED, Behaviour(sshd="broken"), order=allowed)
    yield Case("sshd off", _begin, REVERTED, Behaviour(sshd="off"), order=SOON)
    yield Case("key lost", _begin, REVERTED, Behaviour(keys_kept=False), order=SOON)
    person: dict[str, object] = {"user": "deploy"}
    asks = Behaviour(sudo_free=False)
    yield Case("sudo asks for a password", _sudo_asks, REVERTED, asks, person, order=SOON)
    closed = Behaviour(firewall_closed=True)
    yield Case("firewall closed", _begin, REVERTED, closed, NETWORK, order=SOON, short=True)
    routeless = Behaviour(route_kept=False)
    yield Case("default route lost", _begin, REVERTED, routeless, NETWORK, order=SOON)


def _watchdogs() -> Iterator[Case]:
    slow = Behaviour(seconds_after=FOREVER)
    kill = _killed
    yield Case("killed while activating", kill(at=SwitchState.ACTIVATING), REVERTED, slow)
    yield Case("killed while waiting", kill(at=SwitchState.AWAITING), REVERTED, order=SOON)
    waiting = kill(at=SwitchState.AWAITING, confirmed=True)
    yield Case("killed while waiting, confirmed", waiting, COMMITTED, short=True)
    committing = kill(at=SwitchState.COMMITTING, confirmed=True)
    yield Case("killed while committing", committing, COMMITTED, Behaviour(boot_seconds=2))
    yield Case("stopped", _stopped, REVERTED)


def _ways_back() -> Iterator[Case]:
    failing, hanging = Behaviour(activation_exit=3), Behaviour(seconds_before=FOREVER)
    for_two = {**SOON, "revert_seconds": 2}
    deaf = Behaviour(sshd="off-until-started")
    yield Case("rollback fails", _old_fails(failing), REVERTED, order=SOON, short=True)
    yield Case("rollback hangs", _old_fails(hanging), REVERTED, order=for_two)
    degraded = Behaviour(failed_units=("a.service",))
    yield Case("rollback is degraded", _old_fails(degraded), REVERTED, order=SOON)
    stuck = _old_fails(failing, "/no-reboot")
    yield Case("rollback and reboot fail", stuck, FAILED, order=SOON)
    yield Case("rolled back and deaf", _old_fails(deaf), REVERTED, order=for_two)


def _disks() -> Iterator[Case]:
    yield Case("disk full at the beginning", _full_at(None), NEVER)
    full = _full_at(_confirmed_in_a_full_store)
    yield Case("disk full at the commit", full, REVERTED)
    yield Case("boot loader fails", _confirm, REVERTED, Behaviour(boot_exit=1))
    yield Case("boot loader hangs", _confirm, REVERTED, SLOW_LOADER, order=QUICK)
    yield Case("systemd-run fails", _without("/no-units"), NEVER)


def _power_cuts() -> Iterator[Case]:
    before, after = Behaviour(seconds_before=FOREVER), Behaviour(seconds_after=FOREVER)
    yield Case("cut while beginning", _cut_while_beginning, INTERRUPTED, before)
    yield Case("cut before the change", _cut("new test"), INTERRUPTED, before)
    changed = _cut_when(SwitchState.ACTIVATING)
    yield Case("cut after the change", changed, INTERRUPTED, after)
    yield Case("cut while waiting", _cut_when(SwitchState.AWAITING), INTERRUPTED)
    noted = _cut_when(SwitchState.COMMITTING, confirmed=True)
    yield Case("cut as it commits", noted, INTERRUPTED, SLOW_LOADER)
    between = _cut("nix-env --set new", "new boot", confirmed=True)
    yield Case("cut before the loader is set", between, INTERRUPTED, SLOW_LOADER, short=True)
    late = _cut("new is what it starts as", confirmed=True)
    slow_end = Behaviour(boot_seconds_after=FOREVER)
    yield Case("cut after the loader is set", late, COMMITTED, slow_end)
    end = _cut_when(SwitchState.COMMITTED, confirmed=True)
    yield Case("cut after the commit", end, COMMITTED)
    undone = _cut("new boot", "old boot", confirmed=True)
    fails = Behaviour(boot_exit=1)
    yield Case("cut while the commit is undone", _slow_to_undo(undone), REVERTED, fails)
    back = _cut_when(SwitchState.REVERTING)
    yield Case("cut while rolling back", back, INTERRUPTED, order=SOON)
    for loader in ("grub",):
        root: dict[str, object] = {"loader": loader}
        yield Case(f"cut before {loader} is set", between, INTERRUPTED, SLOW_LOADER, root)
        yield Case(f"cut after {loader} is set", late, COMMITTED, slow_end, root)


def _others() -> Iterator[Case]:
    yield Case("two at once", _two_at_once, COMMITTED)
    yield Case("nixos-rebuild is at work", _someone_switches, NEVER)
    yield Case("the lock is held", _someone_has_the_lock, NEVER)


def _reboots() -> Iterator[Case]:
    for name, root in (("systemd-boot", {}), ("grub", GRUB)):
        yield Case(f"reboot, {name}", _confirm, COMMITTED, GUARDED, root, OVER_REBOOT)
        lost, short = OVER_REBOOT_SOON, name == "grub"
        title = f"reboot, {name}, unconfirmed"
        yield Case(title, _nobody_looks, REVERTED, GUARDED, root, lost, short=short)
        given_up = _given_up_after_reboot
        yield Case(f"reboot, {name}, given up", given_up, REVERTED, GUARDED, root, OVER_REBOOT)
        fails = _reboot_without("/no-reboot")
        yield Case(f"reboot, {name}, not possible", fails, REFUSED, GUARDED, root, OVER_REBOOT)
        slow = Behaviour(guarded=True, boot_seconds=FOREVER)
        cut = _cut("nix-env --set new", "new boot", confirmed=True)
        # By GRUB the new one is the default from the reboot on; its guard goes on with the commit.
        if name == "systemd-boot":
            yield Case("reboot, cut at commit", cut, INTERRUPTED, slow, root, OVER_REBOOT)
        kill = _killed_after_reboot
        yield Case(f"reboot, {name}, killed", kill, COMMITTED, GUARDED, root, OVER_REBOOT)
    cut = _cut_when(SwitchState.AWAITING)
    yield Case("reboot, cut while waiting", cut, INTERRUPTED, GUARDED, {}, OVER_REBOOT)
    again = _again_on_the_machine
    yield Case("reboot, grub, cut", again, REVERTED, GUARDED, GRUB, OVER_REBOOT_SOON)
    yield Case("reboot without guard", _confirm, COMMITTED, Behaviour(), {}, OVER_REBOOT)
    yield Case("reboot, grub, without guard", _refused, NEVER, Behaviour(), GRUB, OVER_REBOOT)
    dead = Behaviour(guarded=True, boots=False)
    yield Case("reboot, does not start", _does_not_start, REVERTED, dead, {}, OVER_REBOOT)
    no_variables = _reboot_without("/no-efi-variables")
    yield Case("reboot, no variables", no_variables, REFUSED, GUARDED, {}, OVER_REBOOT)
    prepared = _cut("nix-env --set new")
    yield Case("reboot, cut while prepared", prepared, REVERTED, GUARDED, {}, OVER_REBOOT)


def _given_up_after_reboot(scene: Scene) -> None:
    scene.begin()
    scene.until(SwitchState.AWAITING)
    with scene.entered() as host:
        host.give_up(scene.order.id)


def _killed_after_reboot(scene: Scene) -> None:
    scene.begin()
    scene.until(SwitchState.AWAITING)
    scene.kill_watchdog()
    scene.confirm()
