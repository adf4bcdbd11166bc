"""The first contact: the key that was sent gives way, whatever is killed whenever."""

from collections.abc import Callable
from itertools import count

import pytest

from capsule_domain.errors import HostError, HostKeyChanged, HostUnreachable
from capsule_domain.models.xnode import FirstContact, XNode
from capsule_domain.ports.host import Completed
from capsule_domain.services.first_contact import MeetMachine, fingerprint
from tests.fakes.clock import FakeClock
from tests.fakes.hosts import FakeHosts, FakeMachine
from tests.fakes.inventory import FakeInventory
from tests.fakes.keys import FakeKeys
from tests.fakes.known_hosts import FakeKnownHosts
from tests.services.renting import Killed, Watched
from tests.xnodes import an_xnode


class Meeting:
    """A machine that shows the key on its disk only once sshd read it, as a true one does."""

    def __init__(self, strike: Callable[[], None] = lambda: None) -> None:
        self.clock, self.inventory = FakeClock(), FakeInventory()
        self.known_hosts = FakeKnownHosts()
        self.keys = FakeKeys()
        self.sent = self.keys.new_host_key().public_openssh
        self.spare = self.on_disk = self.sent
        self.sshd_reads = True
        self.notes: list[tuple[str, str]] = []
        self.node = an_xnode("web-1", id="id1", address="127.77.0.1")
        self.inventory.add(self.node)
        self.known_hosts.pin("id1", self.sent)
        hosts = FakeHosts(self.known_hosts)
        self.machine: FakeMachine = hosts.add("127.77.0.1", host_key=self.sent)
        self.machine.answers = {
            "ssh-keygen": self._make,
            "systemctl reload": self._install,
            "true": "",
        }
        self.meet = MeetMachine(
            Watched(hosts, strike),
            Watched(self.known_hosts, strike),
            Watched(self.inventory, strike),
            self.clock,
        )

    def replace(self) -> XNode:
        return self.meet.replace(self.inventory.get("id1"), self._note)

    def _note(self, step: str, detail: str) -> None:
        self.notes.append((step, detail))

    def _make(self, _stdin: str) -> Completed:
        self.spare = self.keys.new_host_key().public_openssh
        return Completed(exit_code=0, stdout=f"{self.spare} root@web-1\n", stderr="")

    def _install(self, _stdin: str) -> Completed:
        self.on_disk = self.spare
        if self.sshd_reads:
            self.machine.host_key = self.on_disk
        return Completed(exit_code=0, stdout="", stderr="")


def test_the_key_that_was_sent_is_trusted_no_more() -> None:
    meeting = Meeting()
    known = meeting.replace()
    assert known.first_contact is FirstContact.REPLACED
    assert meeting.inventory.get("id1") == known
    assert meeting.known_hosts.pinned("id1") == (meeting.machine.host_key,)
    assert meeting.sent not in meeting.known_hosts.pinned("id1")
    assert [step for step, _ in meeting.notes] == ["host key made", "host key replaced"]
    assert meeting.notes[0][1] == f"{fingerprint(meeting.spare)}, on the machine"


def test_it_is_done_once() -> None:
    meeting = Meeting()
    meeting.replace()
    asked = len(meeting.machine.commands)
    meeting.replace()
    assert len(meeting.machine.commands) == asked


def test_whatever_is_killed_whenever_it_can_be_entered_and_done_again() -> None:
    """Kill before and after every call to the world outside, one after another."""
    killed = 0
    for moment in count(1):
        calls = count(1)

        def strike(calls: object = calls, moment: int = moment) -> None:
            if next(calls) == moment:  # type: ignore[call-overload]
                raise Killed

        meeting = Meeting(strike)
        try:
            meeting.replace()
        except Killed:
            killed += 1
        else:
            break
        assert meeting.machine.host_key in meeting.known_hosts.pinned("id1"), moment
        # A restart of the machine in the middle shows what lies on its disk.
        meeting.machine.host_key = meeting.on_disk
        assert meeting.machine.host_key in meeting.known_hosts.pinned("id1"), moment
        meeting.replace()
        assert meeting.known_hosts.pinned("id1") == (meeting.machine.host_key,)
        assert set(meeting.known_hosts.keys) == {"id1"}
    assert killed > 12


def test_an_sshd_that_does_not_read_the_new_key_is_told_and_stays_open() -> None:
    meeting = Meeting()
    meeting.sshd_reads = False
    with pytest.raises(HostKeyChanged, match="made a new host key and does not show it"):
        meeting.replace()
    assert meeting.machine.host_key in meeting.known_hosts.pinned("id1")
    assert meeting.inventory.get("id1").first_contact is None
    meeting.sshd_reads = True
    assert meeting.replace().first_contact is FirstContact.REPLACED


def test_a_machine_that_makes_no_key_is_refused() -> None:
    meeting = Meeting()
    meeting.machine.answers["ssh-keygen"] = "no such program\n"
    with pytest.raises(HostError, match="did not make a host key"):
        meeting.replace()
    assert meeting.known_hosts.pinned("id1") == (meeting.sent,)


def test_where_no_key_could_be_sent_the_first_that_is_shown_is_trusted_from_then_on() -> None:
    meeting = Meeting()
    meeting.known_hosts.forget("id1")
    known = meeting.meet.learn(meeting.node, meeting._note)
    assert known.first_contact is FirstContact.LEARNT
    assert meeting.known_hosts.pinned("id1") == (meeting.sent,)
    assert meeting.notes == [
        ("host key learnt", f"{fingerprint(meeting.sent)}: nobody vouched for it")
    ]
    meeting.machine.host_key = meeting.keys.new_host_key().public_openssh
    assert meeting.meet.learn(known, meeting._note) is known
    assert meeting.known_hosts.pinned("id1") == (meeting.sent,)
    assert meeting.meet.replace(known, meeting._note) is known


def test_a_machine_that_does_not_answer_yet_is_not_learnt() -> None:
    meeting = Meeting()
    meeting.known_hosts.forget("id1")
    meeting.machine.up = False
    with pytest.raises(HostUnreachable):
        meeting.meet.learn(meeting.node, meeting._note)
    assert meeting.known_hosts.pinned("id1") == ()


def test_who_is_not_root_becomes_it_for_this() -> None:
    meeting = Meeting()
    meeting.machine.user = "ubuntu"
    meeting.inventory.update(meeting.node.model_copy(update={"ssh_user": "ubuntu"}))
    meeting.replace()
    assert [command.split()[:2] for command in meeting.machine.commands[:2]] == [
        ["sudo", "-n"],
        ["sudo", "-n"],
    ]
