"""The collector, in a time of the test's own: what it looks at when, and what it makes of it."""

from collections import Counter
from datetime import timedelta

import pytest

from capsule_domain.errors import ConfigurationError, StoreError
from capsule_domain.models.alert import AlertState
from capsule_domain.models.health import Fault, HealthStatus
from capsule_domain.models.heard import HeardKind
from capsule_domain.models.metric import Disk
from capsule_domain.models.notification import Grouping, NotificationKind
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.silence import Silence
from capsule_domain.models.xnode import XNode
from capsule_domain.services.looker import Looker
from tests.fakes.probes import DOWN, WELL, FakeProbes, Scene
from tests.services.watching import PLAN, START, Room
from tests.xnodes import an_xnode

FULL = Scene(figures={"disks": (Disk(mount="/", used_percent=97),)})
HOT = Scene(figures={"cpu_percent": 99.0})


def test_every_xnode_is_looked_at_once_an_interval_at_a_place_of_its_own() -> None:
    room = Room(40)
    room.run(599)
    looked = Counter(id_ for ids, _ in room.probes.looks for id_ in ids)
    assert set(looked.values()) == {10}
    batches = Counter(frozenset(ids) for ids, _ in room.probes.looks)
    assert set(batches.values()) == {10}
    assert len(batches) > 6


def test_disks_and_units_are_asked_at_first_and_then_every_fifth_time() -> None:
    room = Room(1)
    room.run(60 * 21)
    asked = [plan.disks for _, plan in room.probes.looks]
    assert asked[0]
    assert sum(asked[1:]) == 4
    assert [plan.system for _, plan in room.probes.looks] == asked


def test_only_what_is_expected_to_answer_is_looked_at() -> None:
    states = [ServerStatus.STOPPED, ServerStatus.PENDING, ServerStatus.GONE, ServerStatus.RUNNING]
    room = Room([an_xnode(state.value, status=state) for state in states])
    room.run(90)
    assert {id_ for ids, _ in room.probes.looks for id_ in ids} == {"x-running"}


def test_one_that_is_down_fires_after_its_time_and_is_told_in_one_thread() -> None:
    room = Room(1)
    room.play("n0", DOWN, after=300)
    room.play("n0", WELL, after=1200)
    room.run(3000)
    assert room.said() == [
        "fired n0 ping warning",
        "fired n0 ssh critical",
        "resolved n0 ping warning",
        "resolved n0 ssh critical",
    ]
    begin, end = room.messages
    assert [alert.key.rule for alert in begin.firing] == ["ssh"]  # a ping is explained by it
    assert (begin.kind, end.kind) == (NotificationKind.FIRING, NotificationKind.RESOLVED)
    assert begin.thread == end.thread
    assert room.samples.latest()["x-n0"].health.status is HealthStatus.HEALTHY


def test_a_short_outage_fires_nothing() -> None:
    room = Room(1)
    room.play("n0", DOWN, after=300)
    room.play("n0", WELL, after=350)
    room.run(900)
    assert room.said() == []
    assert room.messages == []
    assert room.book.list() == []


def test_a_disk_escalates_and_another_mount_is_another_alert() -> None:
    def disks(root: float, data: float) -> Scene:
        mounts = (Disk(mount="/", used_percent=root), Disk(mount="/srv/a b", used_percent=data))
        return Scene(figures={"disks": mounts})

    plan = PLAN.model_copy(update={"disks_every_seconds": 60})
    room = Room(1, plan)
    room.play("n0", disks(90, 10), after=0)
    room.play("n0", disks(97, 90), after=600)
    room.run(1200)
    assert room.said() == [
        "fired n0 disk / warning",
        "escalated n0 disk / critical",
        "fired n0 disk /srv/a b warning",
    ]
    assert len({message.thread for message in room.messages}) == 1


def test_what_was_not_read_ends_no_alert() -> None:
    room = Room(1, PLAN.model_copy(update={"disks_every_seconds": 60}))
    room.play("n0", FULL, after=0)
    room.play("n0", Scene(figures={"disks": None}), after=600)
    room.run(4000)
    assert room.said() == ["fired n0 disk / critical"]


def test_a_changed_host_key_is_told_at_once_and_is_not_called_down() -> None:
    room = Room(1)
    room.play("n0", Scene(ssh_fault=Fault.HOST_KEY), after=300)
    room.run(900)
    assert room.said() == ["fired n0 host-key critical"]
    assert room.samples.latest()["x-n0"].health.status is HealthStatus.UNTRUSTED


def test_a_failed_unit_is_an_alert_by_its_name_and_is_over_when_it_runs() -> None:
    room = Room(1, PLAN.model_copy(update={"system_every_seconds": 60}))
    room.play("n0", Scene(figures={"failed_units": ("nginx.service",)}), after=0)
    room.play("n0", WELL, after=600)
    room.run(1800)
    assert room.said() == [
        "fired n0 service nginx.service warning",
        "resolved n0 service nginx.service warning",
    ]


def test_when_all_is_silent_the_collector_is_cut_off_and_blames_nobody() -> None:
    room = Room(24)
    for number in range(24):
        room.play(f"n{number}", DOWN, after=600)
        room.play(f"n{number}", WELL, after=1800)
    room.clock.at(600, lambda: setattr(room.anchors, "there", 0))
    room.clock.at(1800, lambda: setattr(room.anchors, "there", 2))
    room.run(3600)
    assert room.said() == ["fired fleet collector critical", "resolved fleet collector critical"]
    assert [message.group for message in room.messages] == ["collector", "collector"]


def test_when_the_fleet_alone_is_silent_it_is_one_message() -> None:
    room = Room(24)
    for number in range(24):
        room.play(f"n{number}", DOWN, after=600)
    room.run(1500)
    assert room.anchors.times > 0
    told = [message for message in room.messages if message.group == "ssh"]
    assert sum(len(message.firing) == 24 for message in told) == 1
    assert len(told) <= 2


def test_what_a_person_silenced_is_not_told_and_its_end_is_not_either() -> None:
    room = Room(1)
    room.book.silence(
        Silence(
            id="s1",
            rule="ssh",
            starts_at=START,
            ends_at=START + timedelta(hours=5),
            created_by="anna",
        )
    )
    room.play("n0", DOWN, after=60)
    room.play("n0", WELL, after=600)
    room.run(3000)
    assert "fired n0 ssh critical" in room.said()
    assert room.messages == []


def test_what_still_fires_is_repeated_until_somebody_takes_it_on() -> None:
    grouping = Grouping(repeat_seconds=3600)
    room = Room(1, PLAN.model_copy(update={"grouping": grouping}))
    room.play("n0", HOT, after=0)

    def take_on() -> None:
        (alert,) = room.book.list()
        room.book.acknowledge(alert.id, by="anna", comment="", at=room.clock.now())

    room.clock.at(2.5 * 3600, take_on)
    room.run(5 * 3600)
    kinds = [message.kind for message in room.messages]
    assert kinds == [NotificationKind.FIRING, *[NotificationKind.REPEATED] * 2]


def test_one_that_a_person_closed_fires_anew_after_its_time() -> None:
    room = Room(1)
    room.play("n0", HOT, after=0)

    def close() -> None:
        (alert,) = room.book.list()
        room.book.resolve(alert.id, by="anna", comment="", at=room.clock.now())

    room.clock.at(1200, close)
    room.run(2400)
    first, second = (one for one in room.heard if one.kind is HeardKind.FIRED)
    assert first.alert
    assert second.alert
    assert first.alert.id != second.alert.id
    assert second.time - START >= timedelta(seconds=1200 + 300)


def test_alerts_of_an_xnode_that_nobody_watches_any_more_are_over() -> None:
    room = Room(1)
    room.play("n0", HOT, after=0)
    gone = room.xnodes[0].model_copy(update={"status": ServerStatus.GONE})
    room.clock.at(1200, lambda: room.inventory.update(gone))
    room.run(1500)
    assert room.said() == ["fired n0 cpu critical", "resolved n0 cpu critical"]


@pytest.mark.parametrize("jump", [8 * 3600, 100, -3600])
def test_a_suspend_or_a_clock_that_was_set_restarts_what_is_waited_for(jump: float) -> None:
    room = Room(1)
    room.play("n0", HOT, after=0)
    room.clock.at(240, lambda: room.clock.jump(jump))
    room.run(900)
    (fired,) = (one for one in room.heard if one.kind is HeardKind.FIRED)
    assert len(room.said(HeardKind.CLOCK)) == 1
    assert fired.time - START >= timedelta(seconds=240 + jump + 299)


def test_a_stall_skips_turns_and_makes_up_for_none() -> None:
    room = Room(40)
    room.clock.at(300, lambda: room.clock.pass_by(600))
    room.run(1199)
    assert any("skipped" in line for line in room.said(HeardKind.SKIPPED))
    looked = Counter(id_ for ids, _ in room.probes.looks for id_ in ids)
    assert max(looked.values()) <= 11
    assert min(looked.values()) >= 9
    assert len(room.said(HeardKind.CLOCK)) == 1


def test_a_full_disk_is_told_and_stops_nothing() -> None:
    room = Room(1)
    room.play("n0", HOT, after=0)
    room.clock.at(60, lambda: setattr(room.book, "full_disk", True))
    room.clock.at(1200, lambda: setattr(room.book, "full_disk", False))
    room.run(2400)
    assert any("full" in line for line in room.said(HeardKind.TROUBLE))
    assert room.said() == ["fired n0 cpu critical"]


def test_a_look_that_fails_while_it_is_stopped_is_told_and_it_stops_as_ever() -> None:
    room = Room(40)  # more than slots: some are looked at together
    looked: list[str] = []

    def fail_at_the_second(xnode: XNode) -> None:
        looked.append(xnode.id)
        if len(looked) > 1:
            room.engine.stop()
            raise StoreError("known_hosts cannot be read")

    probes = FakeProbes(room.clock, before=fail_at_the_second)
    room.engine.looker = Looker(probes, run=lambda work: work())
    room.engine.run()
    assert room.said(HeardKind.TROUBLE) == ["trouble known_hosts cannot be read"]
    assert room.said(HeardKind.STOPPED) == ["stopped stopped"]


def test_new_settings_are_read_and_those_that_do_not_hold_are_not() -> None:
    room = Room(12)

    def broken() -> object:
        raise ConfigurationError("monitoring.yml:3: no such rule")

    quick = PLAN.model_copy(update={"interval_seconds": 10})
    room.clock.at(60, lambda: setattr(room, "plan", lambda: quick))
    room.clock.at(60, room.engine.reload)
    room.clock.at(120, lambda: setattr(room, "plan", broken))
    room.clock.at(120, room.engine.reload)
    room.run(300)
    assert room.said(HeardKind.RELOADED) == ["reloaded looking at 12 xNodes every 10 s"]
    assert "no such rule" in room.said(HeardKind.TROUBLE)[0]
    last_minute = [ids for ids, _ in room.probes.looks[-60:]]
    assert len(last_minute) == 60
    told = [word for word in room.supervisor.told if word != "alive"]
    assert told == ["ready", "reloading", "ready", "reloading", "ready", "stopping"]


def test_a_first_plan_that_does_not_hold_ends_it_at_once() -> None:
    room = Room(1)

    def broken() -> object:
        raise ConfigurationError("monitoring.yml:3: no such rule")

    room.plan = broken  # type: ignore[assignment]
    with pytest.raises(ConfigurationError):
        room.run(60)
    assert room.supervisor.told == []


def test_what_waits_in_vain_leaves_nothing_behind() -> None:
    room = Room(1)
    for minute in range(2, 60, 4):
        room.play("n0", HOT, after=60 * minute)
        room.play("n0", WELL, after=60 * (minute + 2))
    room.run(4000)
    assert room.said() == []
    assert [one for one in room.book.list() if one.state is not AlertState.PENDING] == []
