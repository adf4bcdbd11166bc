"""What may happen to a machine that is switched: functions of a scene, to be its whole story."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from capsule_domain.errors import Conflict, HostUnreachable
from capsule_domain.models.switch import SwitchState
from tests.nixos_root.scene import Scene
from tests.nixos_root.systems import FOREVER, Behaviour

SLOW_LOADER = Behaviour(boot_seconds=FOREVER)


def begin(scene: Scene) -> None:
    scene.begin()


def confirm(scene: Scene) -> None:
    scene.begin()
    scene.confirm()


def give_up(scene: Scene) -> None:
    scene.begin()
    with scene.entered() as host:
        host.give_up(scene.order.id)


def late(scene: Scene) -> None:
    scene.begin()
    scene.until(SwitchState.REVERTED)
    scene.refused("confirm", scene.order.id)


def at_the_last_moment(scene: Scene) -> None:
    """Whoever is first: the word and the machine agree."""
    scene.begin()
    with scene.entered() as host:
        scene.until(SwitchState.AWAITING)
        while (host.follow(scene.order.id).seconds_left or 0) > 0.1:
            pass
        with suppress(Conflict):
            host.confirm(scene.order.id)


def killed(*, at: SwitchState, confirmed: bool = False) -> Callable[[Scene], None]:
    def happens(scene: Scene) -> None:
        scene.begin()
        if confirmed and at is SwitchState.COMMITTING:
            scene.confirm()
        scene.until_noted(at)
        scene.kill_watchdog()
        if confirmed and at is SwitchState.AWAITING:
            scene.confirm()

    return happens


def stopped(scene: Scene) -> None:
    scene.begin()
    scene.until(SwitchState.AWAITING)
    scene.inside(f"systemctl stop capsule-apply-{scene.order.id}.service")


def cut(*calls: str, confirmed: bool = False) -> Callable[[Scene], None]:
    """Power lost as soon as the machine was asked to do all of that."""

    def happens(scene: Scene) -> None:
        scene.begin()
        if confirmed:
            scene.confirm()
        scene.until_called(*calls)
        scene.power_cycle()

    return happens


def cut_when(state: SwitchState, *, confirmed: bool = False) -> Callable[[Scene], None]:
    def happens(scene: Scene) -> None:
        scene.begin()
        if confirmed:
            scene.confirm()
        scene.until_noted(state)
        scene.power_cycle()

    return happens


def slow_to_undo(happens: Callable[[Scene], None]) -> Callable[[Scene], None]:
    def with_slow_old(scene: Scene) -> None:
        scene.old_becomes(SLOW_LOADER)
        happens(scene)

    return with_slow_old


def cut_while_beginning(scene: Scene) -> None:
    with ThreadPoolExecutor(1) as pool:
        beginning = pool.submit(scene.begin)
        scene.until_noted(SwitchState.ARMED)
        scene.root.power_cut()
        with suppress(HostUnreachable):
            beginning.result()
    scene.root.boot()


def old_fails(behaviour: Behaviour, *broken: str) -> Callable[[Scene], None]:
    def happens(scene: Scene) -> None:
        scene.old_becomes(behaviour)
        for switch in broken:
            scene.root.path(switch).touch()
        scene.begin()

    return happens


def full_at(confirmation: Callable[[Scene], None] | None) -> Callable[[Scene], None]:
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


def confirmed_in_a_full_store(scene: Scene) -> None:
    scene.confirm()
    scene.until()


def without(file: str) -> Callable[[Scene], None]:
    def happens(scene: Scene) -> None:
        scene.root.path(file).touch()
        scene.refused("begin", scene.order)

    return happens


def reboot_without(file: str) -> Callable[[Scene], None]:
    def happens(scene: Scene) -> None:
        scene.root.path(file).touch()
        scene.begin()

    return happens


def two_at_once(scene: Scene) -> None:
    other = scene.order.model_copy(update={"id": "20261123-other"})

    def begin_it(order: object) -> str:
        try:
            with scene.entered() as host:
                host.begin(order)  # type: ignore[arg-type]
        except Conflict:
            return "conflict"
        return "begun"

    with ThreadPoolExecutor(2) as pool:
        words = sorted(pool.map(begin_it, [scene.order, other]))
    assert words == ["begun", "conflict"], words
    if not scene.is_known():
        scene.order = other
    scene.confirm()


def someone_switches(scene: Scene) -> None:
    scene.inside(
        "mkdir -p /run/fake/active && touch /run/fake/active/nixos-rebuild-switch-to-configuration"
    )
    scene.refused("begin", scene.order)


def someone_has_the_lock(scene: Scene) -> None:
    lock = "/run/nixos/switch-to-configuration.lock"
    scene.inside(f"systemd-run --unit=other -- flock {lock} sleep 100")
    scene.until_inside(f"grep -q :$(stat -c %i {lock}) /proc/locks")
    scene.refused("begin", scene.order)


def refused(scene: Scene) -> None:
    scene.refused("begin", scene.order)


def does_not_start(scene: Scene) -> None:
    """Somebody sees that nothing comes back, and turns it off and on."""
    scene.begin()
    scene.until_called("new boots")
    scene.power_cycle()


def nobody_looks(scene: Scene) -> None:
    """Until it is back by itself: there and back again."""
    scene.begin()
    scene.until_called("new boots")
    scene.until_called_again("old boots")


def again_on_the_machine(scene: Scene) -> None:
    """Its watchdog is back after a power cut, and nobody confirms."""
    scene.begin()
    scene.until(SwitchState.AWAITING)
    scene.power_cycle()
    scene.until(SwitchState.AWAITING)


def sudo_asks(scene: Scene) -> None:
    scene.begin()
    scene.until_called("new test")
    scene.until_noted(SwitchState.AWAITING)
    scene.refused("confirm", scene.order.id)
    scene.until_noted(SwitchState.REVERTED)


def given_up_after_reboot(scene: Scene) -> None:
    scene.begin()
    scene.until(SwitchState.AWAITING)
    with scene.entered() as host:
        host.give_up(scene.order.id)


def killed_after_reboot(scene: Scene) -> None:
    scene.begin()
    scene.until(SwitchState.AWAITING)
    scene.kill_watchdog()
    scene.confirm()
