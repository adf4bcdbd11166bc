"""An xNode's life on the command line; word for word, over fakes."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from capsule_cli.wiring import Wiring
from capsule_domain.errors import HostUnreachable, NotFound, ProviderError
from capsule_domain.models.cloud import CloudFacts
from capsule_domain.ports.background import Beginning
from tests.cli.running import Ran, capsule
from tests.cli.test_openmesh import Desk
from tests.fakes.background import FakeBackground
from tests.fakes.ledger import FakeLedger
from tests.fakes.monitor import FakeMonitor
from tests.fakes.ssh_program import Became, FakeSshProgram
from tests.fakes.tunnels import FakeTunnels
from tests.services.renting import Street

FLEET: dict[str, tuple[str, ...]] = {"web-1": ("web",), "web-2": ("web",), "db-1": ()}


@dataclass
class Home(Desk):
    """web-1 and web-2 with the tag `web`, db-1 without one."""

    tunnels: FakeTunnels = field(default_factory=FakeTunnels)
    background: FakeBackground = field(default_factory=lambda: FakeBackground(Beginning(said=None)))

    def __post_init__(self) -> None:
        self.street = Street()
        for number, (name, tags) in enumerate(FLEET.items(), 1):
            address = f"127.77.0.{number}"
            self.street.hosts.add(address, answers={"uname": "Linux x86_64\n"})
            self.street.run(self.street.plan(name, tags=tags))
        self.street.clock.advance(7200)
        self.ssh = FakeSshProgram(self.street.known_hosts)
        self.monitor = FakeMonitor(self.street.clock)

    def facts(self, name: str) -> CloudFacts:
        if name != "fakecloud":
            raise NotFound("provider", name)
        cloud = self.street.cloud
        return CloudFacts(name=name, title="Fake", capabilities=cloud.capabilities, ended=None)

    def wiring(self) -> Wiring:
        return replace(
            super().wiring(),
            facts=self.facts,
            monitor=lambda: self.monitor,
            ledger=lambda: FakeLedger(self.street.inventory),
            ssh_program=lambda: self.ssh,
            tunnels=lambda: self.tunnels,
            background=lambda: self.background,
        )

    def free_when_stopped(self, costs: str = "") -> None:
        cloud = self.street.cloud
        cloud.capabilities = cloud.capabilities.model_copy(
            update={"bills_when_stopped": False, "stopped_costs": costs}
        )

    def xnode(self, *words: str, answer: str | None = None) -> Ran:
        return self.says("openmesh", "xnode", *words, answer=answer)

    def asked(self, *words: str, answer: str) -> tuple[Ran, list[str]]:
        """What was asked of the person, too."""
        questions: list[str] = []

        def reply(question: str) -> str:
            questions.append(question)
            return answer

        return capsule("openmesh", "xnode", *words, wiring=self.wiring(), answer=reply), questions


@pytest.fixture
def home() -> Home:
    return Home()


def test_a_stop_says_what_it_still_costs_before_it_asks(home: Home) -> None:
    done, [question] = home.asked("stop", "web-1", answer="n")
    assert done.code == 130
    assert question == (
        "web-1: off it costs as much as on: $0.01 an hour, $6.00 a month at most\n"
        "Stop web-1? [y/N] "
    )
    assert "stop" not in home.street.cloud.calls
    done = home.xnode("stop", "web-1", answer="y")
    assert (done.code, done.stdout) == (
        0,
        "✓ web-1 is stopped; off it costs as much as on: $0.01 an hour, $6.00 a month at most\n",
    )


@pytest.mark.parametrize(
    ("costs", "told"),
    [
        ("", "off it costs nothing, instead of $0.01 an hour"),
        ("disks", "off it does not cost $0.01 an hour, but disks are billed on"),
    ],
)
def test_where_a_stop_saves_money_that_is_said(home: Home, costs: str, told: str) -> None:
    home.free_when_stopped(costs)
    assert home.xnode("stop", "web-1", "--dry-run").stdout == f"would stop web-1: {told}\n"


def test_a_launch_asks_where_running_costs_more(home: Home) -> None:
    assert home.xnode("launch", "web-1").code == 0  # it costs the same in any case
    home.free_when_stopped()
    assert home.xnode("launch", "web-1").code == 2
    done = home.xnode("launch", "web-1", answer="y")
    assert done.stdout == "✓ web-1 runs at 127.77.0.1\n"


def test_a_restart_may_be_by_power(home: Home) -> None:
    assert home.xnode("restart", "web-1", "--yes").stdout == "✓ web-1 was restarted\n"
    assert home.xnode("restart", "web-1", "--force", "--yes").code == 0
    assert [call for call in home.street.cloud.calls if "restart" in call] == [
        "restart",
        "restart, forced",
    ]


def test_of_many_each_has_its_result_and_the_worst_code_ends_it(home: Home) -> None:
    stop = home.street.cloud.stop
    refused = home.street.inventory.get("web-2").server_id

    def stop_but_one(server_id: str) -> None:
        if server_id == refused:
            raise ProviderError("fakecloud", "it is locked")
        stop(server_id)

    home.street.cloud.stop = stop_but_one  # type: ignore[method-assign]
    done = home.xnode("stop", "--all", "--yes")
    assert done.code == 6
    assert [line.split(";")[0] for line in done.stdout.splitlines()] == [
        "✓ db-1 is stopped",
        "✓ web-1 is stopped",
        "✗ web-2: fakecloud: it is locked",
    ]
    rows = home.xnode("stop", "--tags", "web", "--yes", "--json")
    assert rows.code == 6
    assert [(row["xnode"], row["ok"]) for row in rows.data] == [("web-1", True), ("web-2", False)]
    assert rows.data[0]["result"]["status"] == "stopped"
    assert rows.data[1]["error"] == {
        "code": "provider_error",
        "exit": 6,
        "message": "fakecloud: it is locked",
        "hint": None,
    }


def test_one_alone_is_an_object_and_its_error_is_the_command_s(home: Home) -> None:
    assert home.xnode("stop", "web-1", "--yes", "--json").data["status"] == "stopped"
    home.street.cloud.fails = ProviderError("fakecloud", "it is locked")
    done = home.xnode("launch", "web-1", "--yes", "--json")
    assert (done.code, done.stdout, done.error["exit"]) == (6, "", 6)


def test_several_are_asked_about_once_with_a_line_each(home: Home) -> None:
    done, [question] = home.asked("restart", "--tags", "web", answer="y")
    assert done.code == 0
    assert question.splitlines() == [
        "web-1: what runs there is interrupted",
        "web-2: what runs there is interrupted",
        "Restart these 2 xNodes? [y/N] ",
    ]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("stop",), 2),
        (("stop", "web-1", "--all"), 2),
        (("stop", "--tags", "web", "--all"), 2),
        (("stop", "wep-1"), 4),
        (("stop", "web"), 5),
        (("stop", "--tags", "wep"), 4),
        (("restart",), 2),
        (("show", "nobody"), 4),
        (("tag", "web-1"), 2),
        (("tag", "web-1", "+a", "-a"), 2),
        (("tag", "web-1", "--nonsense"), 2),
        (("ttl",), 2),
        (("ttl", "web-1"), 2),
        (("ttl", "8h"), 2),
        (("ttl", "web-1", "-8h"), 2),
        (("ttl", "web-1", "2000-01-01T00:00Z"), 2),
        (("ttl", "web-1", "900d"), 2),
        (("ttl", "web-1", "8h", "--off"), 4),
        (("ssh",), 2),
        (("ssh", "web-1", "--json"), 2),
        (("ssh", "nobody"), 4),
        (("manage", "web-1"), 2),
        (("manage", "web-1", "--json"), 2),
        (("tunnel",), 2),
        (("tunnel", "web-1"), 2),
        (("tunnel", "--remote-port", "80"), 2),
        (("tunnel", "web-1", "--remote-port", "0"), 2),
        (("tunnel", "web-1", "--remote-port", "80", "--local-port", "65536"), 2),
        (("tunnel", "web-1", "--remote-port", "80", "--local-port", "-1"), 2),
        (("tunnel", "--list", "--close"), 2),
        (("tunnel", "--close"), 2),
        (("tunnel", "--close", "web-1", "--all"), 2),
        (("tunnel", "--close", "web-1"), 4),
        (("tunnel", "nobody", "--remote-port", "80"), 4),
    ],
)
def test_bad_input_has_its_code_and_one_line(home: Home, words: tuple[str, ...], code: int) -> None:
    done = home.xnode(*words, "--yes")
    assert (done.code, done.stdout) == (code, "")
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 2 or "--json" in words
    assert not {"stop", "restart", "set_tags"} & set(home.street.cloud.calls)


def test_none_is_no_error_when_all_are_meant() -> None:
    home = Home()
    for name in ("web-1", "web-2", "db-1"):
        home.street.terminate().run(home.street.inventory.get(name))
    assert home.xnode("stop", "--all").stdout == "none\n"
    assert home.xnode("terminate", "--all", "--json").data == []


def test_ending_several_needs_their_number_typed(home: Home) -> None:
    for wrong in ("y", "web-1", "3"):
        assert home.xnode("terminate", "--tags", "web", answer=wrong).code == 130
    assert home.street.cloud.destroyed == []
    done, [question] = home.asked("terminate", "--tags", "web", answer="2")
    assert done.code == 0
    assert question == (
        "This ends, for good:\n"
        "  web-1: small in west at fakecloud, with its disk\n"
        "  web-2: small in west at fakecloud, with its disk\n"
        "Type how many these are, to go on: "
    )
    assert [x.name for x in home.street.inventory.list()] == ["db-1"]


def test_a_protected_one_is_never_ended(home: Home) -> None:
    assert home.xnode("protect", "web-1").stdout == (
        "✓ web-1 is protected: Capsule refuses to end it\n"
    )
    alone = home.xnode("terminate", "web-1", "--yes")
    assert (alone.code, alone.stderr) == (
        5,
        "✗ web-1 is protected\n▸ capsule openmesh xnode protect web-1 --off\n",
    )
    done = home.xnode("terminate", "--tags", "web", "--yes")
    assert done.code == 5
    assert done.stdout.splitlines()[:2] == [
        "✗ web-1 is protected",
        "▸ capsule openmesh xnode protect web-1 --off",
    ]
    assert {x.name for x in home.street.inventory.list()} == {"db-1", "web-1"}
    assert home.xnode("protect", "web-1", "--off").stdout == "✓ web-1 is not protected any more\n"


def test_tags_are_changed_and_where_a_cloud_cannot_that_is_said(home: Home) -> None:
    assert home.xnode("tag", "web-1", "+blue", "-web").stdout == "✓ web-1 has the tags blue\n"
    assert home.xnode("tag", "--tags", "web", "+green").stdout == (
        "✓ web-2 has the tags web, green\n"
    )
    home.street.cloud.capabilities = home.street.cloud.capabilities.model_copy(
        update={"tags_change_after_creation": False}
    )
    assert home.xnode("tag", "web-1", "").stdout == (
        "✓ web-1 has the tags (none)\n"
        "⚠ only this Capsule knows that: fakecloud cannot change tags of a server that is there\n"
    )


def test_an_end_is_set_told_and_taken_away(home: Home) -> None:
    done = home.xnode("ttl", "web-1", "8h")
    assert done.stdout == "✓ web-1 expires at 2026-11-23 22:00 UTC\n"
    assert home.xnode("show", "web-1", "--json").data["expires_in_seconds"] == 8 * 3600
    assert home.xnode("ttl", "web-1", "--off").stdout == "✓ web-1 does not expire\n"
    assert home.xnode("ttl", "--all", "1d", "--dry-run").code == 0
    assert home.xnode("ttl", "web-1", "web-2", "1d", "--json").data[1]["ok"] is True


def test_all_that_is_known_of_one_is_shown(home: Home) -> None:
    shown = home.xnode("show", "web-1")
    assert shown.code == 0
    lines = dict(line.split("  ", 1) for line in shown.stdout.splitlines() if "  " in line)
    told = {name.strip(): value.strip() for name, value in lines.items()}
    assert told["login"] == "root@127.77.0.1"
    assert told["age"] == "2 h"
    assert told["this month"] == "$0.02 so far"
    assert told["in all"] == "$0.02"
    assert told["stopped"] == "billed as when it runs"
    assert told["host key"].startswith("SHA256:")
    data = home.xnode("show", "web-1", "--json").data
    assert {"id", "name", "address", "health", "metrics", "host_keys"} <= set(data)
    assert data["deployment_state"] == "ready"
    assert data["spent_this_month"] == [{"amount": "0.02", "currency": "USD"}]


def test_a_look_at_the_cloud_is_asked_for(home: Home) -> None:
    home.street.cloud.stop(home.street.inventory.get("web-1").server_id)
    assert home.xnode("show", "web-1", "--json").data["status"] == "running"
    assert home.xnode("show", "web-1", "--live", "--json").data["status"] == "stopped"
    home.street.cloud.servers_by_id.clear()
    assert home.xnode("show", "web-1", "--live").code == 5
    assert home.xnode("show", "web-1", "--json").data["status"] == "gone"


def test_ssh_becomes_the_system_s_own(home: Home) -> None:
    assert home.xnode("ssh", "web-1", "--dry-run", "--", "echo", "a b").stdout == (
        "ssh root@127.77.0.1 echo 'a b'\n"
    )
    assert home.ssh.ran == []
    with pytest.raises(Became):
        home.xnode("ssh", "web-1", "--", "uptime", "--json")
    assert home.ssh.ran == [["ssh", "root@127.77.0.1", "uptime", "--json"]]
    home.street.known_hosts.forget(home.street.inventory.get("web-1").id)
    assert home.xnode("ssh", "web-1").code == 8


TUNNEL = ("tunnel", "web-1", "--remote-port", "80")


def test_a_tunnel_is_told_held_and_gone_with_its_process(home: Home) -> None:
    listed: list[str] = []
    home.tunnels.held = lambda: listed.append(home.xnode("tunnel", "--list").stdout)
    done = home.xnode(*TUNNEL, "--local-port", "8080")
    assert done.code == 0
    assert done.stdout.startswith("✓ 127.0.0.1:8080 → port 80 of web-1  (tunnel ")
    assert "127.0.0.1:8080     80     4321  just now" in listed[0]
    assert home.xnode("tunnel", "--list").stdout == "none is open\n"
    assert home.tunnels.taken == set()


def test_a_tunnel_that_does_not_open_leaves_nothing(home: Home) -> None:
    home.tunnels.fails = HostUnreachable("no way")
    assert home.xnode(*TUNNEL).code == 8
    assert (home.tunnels.taken, home.tunnels.files) == (set(), {})
    home.tunnels.fails = None
    home.tunnels.taken.add(8080)
    taken = home.xnode(*TUNNEL, "--local-port", "8080")
    assert (taken.code, taken.stderr) == (5, "✗ port 8080 of this machine is in use\n")
    assert home.xnode(*TUNNEL, "--dry-run").stdout == (
        "would lead a free port of 127.0.0.1 to port 80 of web-1\n"
    )


def line_of_a_tunnel(home: Home) -> str:
    held: Callable[[], None] = lambda: None  # noqa: E731
    home.tunnels.held = held
    return home.xnode(*TUNNEL, "--json").stdout


def test_in_the_background_it_is_the_same_command_once_more(home: Home) -> None:
    line = line_of_a_tunnel(home)
    assert line.count("\n") == 1
    home.background.beginning = Beginning(said=line)
    done = home.xnode(*TUNNEL, "--background", "--json")
    assert (done.code, done.data) == (0, json.loads(line))
    [[_, folder, *words]] = home.background.started
    xnode = home.street.inventory.get("web-1").id
    assert folder.endswith(".capsule")
    assert words == [
        *("--json", "openmesh", "xnode", "tunnel", xnode),
        *("--remote-port", "80", "--local-port", "0"),
    ]


def test_its_error_in_the_background_is_this_command_s(home: Home) -> None:
    error = {"code": "conflict", "exit": 5, "message": "port 80 is in use", "hint": "another"}
    home.background.beginning = Beginning(
        said=None, exit_code=5, complaint="noise\n" + json.dumps({"error": error}) + "\n"
    )
    done = home.xnode(*TUNNEL, "--background")
    assert (done.code, done.stderr) == (5, "✗ port 80 is in use\n▸ another\n")
    home.background.beginning = Beginning(said=None, exit_code=139, complaint="Segmentation fault")
    done = home.xnode(*TUNNEL, "--background")
    assert (done.code, done.stderr.splitlines()[0]) == (
        139,
        "✗ the tunnel ended before it was open",
    )


def test_tunnels_are_closed_by_xnode_by_id_or_all(home: Home) -> None:
    from capsule_domain.models.tunnel import Tunnel

    made = Tunnel.model_validate_json(line_of_a_tunnel(home))
    for number in (1, 2, 3):
        pid = 5000 + number
        home.tunnels.processes[pid] = "then"
        home.tunnels.register(
            made.model_copy(
                update={
                    "id": f"t{number}",
                    "pid": pid,
                    "started": "then",
                    "xnode": "web-1" if number < 3 else "db-1",
                }
            )
        )
    assert home.xnode("tunnel", "--close", "web-1", "--dry-run").code == 0
    assert [t["id"] for t in home.xnode("tunnel", "--close", "t2", "--json").data] == ["t2"]
    assert home.xnode("tunnel", "--close", "web-1").stdout.endswith("of web-1 is closed\n")
    assert [t["id"] for t in home.xnode("tunnel", "--list", "--json").data] == ["t3"]
    assert home.xnode("tunnel", "--close", "--all").code == 0
    assert home.tunnels.processes == {4321: "now"}
    assert home.xnode("tunnel", "--close", "--all").stdout == "none is open\n"
