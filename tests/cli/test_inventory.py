"""The inventory by hand: added, removed, sent, taken in, told; word for word, over fakes."""

import json
from dataclasses import dataclass, field
from dataclasses import replace as with_ports
from pathlib import Path

import pytest

from capsule_cli import complete
from capsule_cli.wiring import Wiring
from capsule_domain.errors import ProviderUnavailable
from capsule_domain.models.server import ServerStatus
from tests.cli.running import Ran, capsule
from tests.cli.test_openmesh import Desk as Renting
from tests.fakes.xnode_files import FakeXNodeFiles


@dataclass
class Desk(Renting):
    """A desk with files beside it."""

    files: FakeXNodeFiles = field(default_factory=FakeXNodeFiles)

    def wiring(self) -> Wiring:
        return with_ports(super().wiring(), xnode_files=lambda: self.files)

    def does(self, *arguments: str, answer: str | None = None) -> Ran:
        return self.says("openmesh", "inventory", *arguments, answer=answer)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_server_of_ones_own_is_added_and_listed(desk: Desk) -> None:
    done = desk.does("add", "nas", "--address", "192.0.2.7", "--price-per-hour", "0.01EUR")
    assert (done.code, done.stdout) == (0, "✓ nas is in the inventory\n")
    listed = desk.does("--provider", "man", "--json").data
    assert [(row["name"], row["provider"], row["address"]) for row in listed] == [
        ("nas", "manual", "192.0.2.7")
    ]
    assert listed[0]["price_per_month"] == {"amount": "7.3", "currency": "EUR"}
    assert desk.does("add", "nas").code == 5


def test_a_dry_run_adds_nothing(desk: Desk) -> None:
    done = desk.does("add", "nas", "--dry-run")
    assert (done.code, done.stdout) == (0, "✓ nas would be in the inventory\n")
    assert desk.street.inventory.list() == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["x", "--provider", "fakeclod"], "did you mean fakecloud?"),
        (["x", "--price-per-hour", "-3"], "no price"),
        (["x", "--price-per-hour", "cheap"], "price_per_hour"),
        (["x", "--ssh-port", "99999"], "ssh_port"),
        (["x", "--status", "on"], "status"),
        ([" x"], "no word"),
    ],
)
def test_what_cannot_be_is_refused(desk: Desk, arguments: list[str], words: str) -> None:
    done = desk.does("add", *arguments)
    assert done.code == 2
    assert words in done.stderr
    assert desk.street.inventory.list() == []


def test_removing_needs_the_whole_name_typed_and_ends_nothing(desk: Desk) -> None:
    desk.street.run()
    assert desk.does("remove", "web", answer="web").code == 4
    assert desk.does("remove", "web-1", answer="y").code == 130
    assert desk.does("remove", "web-1").code == 2
    done = desk.does("remove", "web-1", answer="web-1")
    assert (done.code, done.stdout) == (0, "✓ web-1 is forgotten\n")
    assert "goes on and is billed $6.00 a month: Capsule ends nothing here" in done.stderr
    assert desk.street.cloud.destroyed == []
    assert desk.street.inventory.list() == []
    told = desk.does("history", "web-1", "--json").data
    assert [change["kind"] for change in told][-1] == "removed"


def test_what_is_protected_is_not_forgotten(desk: Desk) -> None:
    xnode = desk.street.run()
    desk.street.inventory.update(xnode.model_copy(update={"protected": True}))
    done = desk.does("remove", "web-1", "--yes")
    assert done.code == 5
    assert "--off" in done.stderr


def test_it_is_exported_as_csv_and_as_json_and_taken_in_again(desk: Desk) -> None:
    desk.street.run()
    text = desk.does("export").stdout
    assert text.startswith("id,name,provider,server_id,region,template,status,address,")
    assert json.loads(desk.does("export", "--json").stdout) == json.loads(
        desk.does("export", "--format", "json").stdout
    )
    done = desk.does("export", "--output", "fleet.json")
    assert done.stdout == "✓ fleet.json is written: 1 xNodes\n"
    assert desk.does("export", "--output", "fleet.json").code == 5
    again = desk.does("import", "fleet.json")
    assert again.stdout == "✓ 0 added, 0 changed, 1 as they are kept already\n"
    desk.street.inventory.remove(desk.street.inventory.get("web-1").id)
    back = desk.does("import", "fleet.json")
    assert back.stdout == "✓ 1 added, 0 changed, 0 as they are kept already\n"


def test_a_format_that_there_is_not_is_refused(desk: Desk) -> None:
    assert desk.does("export", "--format", "xml").code == 2
    assert desk.does("export", "--format", "csv", "--json").code == 2


def test_an_import_that_changes_what_is_kept_shows_it_and_asks(desk: Desk) -> None:
    desk.street.run()
    desk.files.files["f.csv"] = "name,provider,region\nweb-1,fakecloud,east\nnas,manual,\n"
    rehearsed = desk.does("import", "f.csv", "--dry-run")
    assert rehearsed.stdout == (
        "~ web-1  region west → east\n"
        "+ nas  manual, unknown\n"
        "✓ 1 would be added, 1 would be changed, 0 as they are kept already\n"
    )
    assert desk.does("import", "f.csv").code == 2
    assert desk.does("import", "f.csv", answer="n").code == 130
    assert desk.street.inventory.get("web-1").region == "west"
    done = desk.does("import", "f.csv", answer="y")
    assert done.code == 0
    assert "~ web-1  region west → east" in done.stderr
    assert desk.street.inventory.get("web-1").region == "east"


def test_a_faulty_file_is_refused_with_its_line_and_nothing_is_kept(desk: Desk) -> None:
    desk.files.files["f.csv"] = "name,provider\nnas,manual\nnas,manual\n"
    done = desk.does("import", "f.csv", "--json")
    assert done.code == 3
    assert done.error["message"] == "f.csv:3: the name 'nas' is there twice, first in line 2"
    assert desk.street.inventory.list() == []
    assert desk.does("import").code == 2


def test_the_originals_inventory_is_offered_and_set_aside_when_it_is_in(desk: Desk) -> None:
    desk.files.files["inventory.json"] = '{"xnodes": {"a": {"name": "nas", "provider": "manual"}}}'
    for command in (["openmesh"], ["openmesh", "inventory"]):
        assert "▸ capsule openmesh inventory import" in desk.says(*command).stderr
    done = desk.does("import")
    assert done.stdout == "✓ 1 added, 0 changed, 0 as they are kept already\n"
    assert "the file is kept as inventory.json.orig" in done.stderr
    assert "import" not in desk.does().stderr


def test_the_history_says_who_did_what_and_since_when(desk: Desk) -> None:
    desk.street.run()
    first = desk.does("history", "--json").data[0]
    assert (first["name"], first["kind"], first["fields"]["region"]["after"]) == (
        *("web-1", "added"),
        "west",
    )
    assert "status pending → running, address none → 127.77.0.1" in desk.does("history").stdout
    assert len(desk.does("history", "web-1", "--limit", "1", "--json").data) == 1
    assert desk.does("history", "--since", "2026-11-23T13:00").code == 2
    assert desk.does("history", "--since", "soon").code == 2
    assert desk.does("history", "nobody").code == 4
    assert desk.does("history", "--since", "1h", "--json").data


def test_the_figures_are_told(desk: Desk) -> None:
    desk.street.run()
    desk.street.clock.advance(36_000)
    assert desk.does("stats").stdout == (
        "xNodes         1 that live, 0 that are gone\n"
        "lifetime cost  $0.10 at most, all together\n"
        "By status:\n"
        "running  1\n"
        "By provider:\n"
        "fakecloud  1\n"
        "By region:\n"
        "fakecloud/west  1\n"
        "Most expensive:\n"
        "web-1  $6.00 a month, fakecloud\n"
        "Longest running:\n"
        "web-1  10 h, fakecloud\n"
    )
    assert desk.does("stats", "--status", "stopped", "--json").data["total"] == 0


def test_a_sync_shows_the_difference_and_asks_before_it_writes(desk: Desk) -> None:
    xnode = desk.street.run()
    assert desk.does("sync").stdout == "✓ 1 are as their clouds have them\n"
    desk.street.cloud.stop(xnode.server_id)
    rehearsed = desk.does("sync", "--dry-run")
    assert rehearsed.stdout == (
        "~ web-1  status running → stopped\n✓ 1 of 1 would be kept as the clouds have it\n"
    )
    assert desk.does("sync", answer="n").code == 130
    assert desk.street.inventory.get("web-1").status is ServerStatus.RUNNING
    done = desk.does("sync", answer="y")
    assert (done.code, done.stdout) == (0, "✓ 1 of 1 are kept as the clouds have it\n")
    assert desk.street.inventory.get("web-1").status is ServerStatus.STOPPED
    desk.street.cloud.fails = ProviderUnavailable("fakecloud", "no answer")
    silent = desk.does("sync")
    assert silent.code == 7
    assert "fakecloud did not answer, and nothing of it is changed" in silent.stderr


def test_a_cut_list_says_how_many_there_are(desk: Desk) -> None:
    for name in ("a", "b", "c"):
        desk.does("add", name)
    done = desk.does("--limit", "2")
    assert len(done.stdout.splitlines()) == 3
    assert done.stderr == "2 of 3\n"
    assert desk.does("--limit", "3").stderr == ""
    assert desk.does("--provider", "nowhere").code == 4


def test_a_real_home_keeps_what_is_taken_in(tmp_path: Path) -> None:
    fleet = tmp_path / "fleet.csv"
    fleet.write_bytes(b"\xef\xbb\xbfname,provider\r\nnas,manual\r\n")
    home = tmp_path / "home"
    assert capsule("openmesh", "inventory", "import", str(fleet), home=home).code == 0
    out = tmp_path / "out.json"
    told = capsule("openmesh", "inventory", "export", "-o", str(out), "--json", home=home)
    assert told.data == {"file": str(out), "format": "json", "xnodes": 1}
    assert [one["name"] for one in json.loads(out.read_text())] == ["nas"]


def test_the_shell_completes_names_and_tags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAPSULE_HOME", str(tmp_path))
    fleet = tmp_path / "fleet.csv"
    fleet.write_text("name,provider,tags,status\nnas,manual,a;b,running\nold,manual,c,gone\n")
    assert capsule("openmesh", "inventory", "import", str(fleet), home=tmp_path).code == 0
    assert complete.xnodes("") == ["nas"]
    assert complete.tags("") == ["a", "b"]
    assert complete.xnodes("x") == complete.tags("bb") == []


def test_one_file_swaps_the_names_of_two(tmp_path: Path) -> None:
    fleet = tmp_path / "fleet.csv"
    for rows in ("a1,one,manual\nb2,two,manual\n", "a1,two,manual\nb2,one,manual\n"):
        fleet.write_text(f"id,name,provider\n{rows}")
        done = capsule(
            "openmesh", "inventory", "import", str(fleet), "--yes", home=tmp_path / "home"
        )
        assert done.code == 0
    listed = capsule("openmesh", "xnodes", "--json", home=tmp_path / "home").data
    assert [(row["name"], row["id"]) for row in listed] == [("one", "b2"), ("two", "a1")]
