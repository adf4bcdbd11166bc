"""xNodes from files and into them: exact both ways, all of them or none, each fault in its line."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count, cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_domain.errors import ConfigurationError
from capsule_domain.models.money import Money
from capsule_domain.models.operating_system import OperatingSystem
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.template import Region, Template
from capsule_domain.models.xnode import FirstContact, XNode, XNodeFilter
from capsule_domain.models.xnode_file import ImportPlan
from capsule_domain.services.doubles import Doubles
from capsule_domain.services.import_xnodes import ImportXNodes
from capsule_domain.services.xnode_csv import COLUMNS, csv_chunks
from capsule_domain.services.xnode_json import json_chunks
from tests.fakes.clock import FakeClock
from tests.fakes.inventory import FakeInventory
from tests.fakes.xnode_files import FakeXNodeFiles
from tests.xnodes import an_xnode

EVERYONE = XNodeFilter(include_gone=True)
BORN = datetime(2026, 11, 1, 8, tzinfo=UTC)


class OneTemplate:
    def providers(self) -> list[str]:
        return ["vultr"]

    def templates(self) -> list[Template]:
        return [
            Template(
                provider="vultr",
                template="vultr-vc2-1",
                slug="vc2-1c-1gb",
                vcpus=1,
                memory_mib=1024,
                disk_gib=25,
                price_per_hour=Money.of("0.007"),
                price_per_month=Money.of("5"),
                as_of=BORN,
                source="a test",
            )
        ]

    def regions(self) -> list[Region]:
        return [Region(provider="vultr", region="fra")]


@dataclass
class Desk:
    """An inventory, and a file beside it."""

    inventory: FakeInventory = field(default_factory=FakeInventory)
    files: FakeXNodeFiles = field(default_factory=FakeXNodeFiles)
    ids: Iterator[str] = field(default_factory=lambda: (f"new{number}" for number in count(1)))

    def __post_init__(self) -> None:
        self.service = ImportXNodes(
            files=self.files,
            inventory=self.inventory,
            catalogue=OneTemplate(),
            clouds=["vultr", "aws"],
            clock=FakeClock(),
            new_id=lambda: next(self.ids),
        )

    def look(self, text: str) -> ImportPlan:
        self.files.files["f"] = text
        return self.service.look("f")

    def take_in(self, text: str) -> ImportPlan:
        plan = self.look(text)
        self.service.run("f")
        return plan

    def refusal(self, text: str) -> ConfigurationError:
        before = self.inventory.list(EVERYONE)
        with pytest.raises(ConfigurationError) as caught:
            self.look(text)
        with pytest.raises(ConfigurationError):
            self.service.run("f")
        assert self.inventory.list(EVERYONE) == before
        return caught.value


@pytest.fixture
def desk() -> Desk:
    return Desk()


WORDS = st.text(
    st.characters(exclude_categories=("C", "Z"), include_characters=" "), max_size=12
).map(str.strip)
NAMES = WORDS.filter(bool)
TAGS = st.one_of(NAMES, st.text("a;\\'=", min_size=1, max_size=5))
PRICES = st.builds(
    Money.of,
    st.decimals(0, 1000, places=5).map(lambda amount: Decimal(f"{amount:f}")),
    st.sampled_from(["USD", "EUR"]),
)
MOMENTS = st.datetimes(
    datetime(2000, 1, 1),  # noqa: DTZ001 (Hypothesis adds the zone)
    datetime(2040, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
XNODES = st.builds(
    XNode,
    id=NAMES,
    name=NAMES,
    provider=st.sampled_from(["vultr", "aws", "manual"]),
    server_id=WORDS,
    region=WORDS,
    template=WORDS,
    status=st.sampled_from(ServerStatus),
    address=st.none() | NAMES,
    ssh_port=st.integers(1, 65535),
    price_per_hour=PRICES,
    price_per_month=PRICES,
    os=st.sampled_from(OperatingSystem),
    profile=st.none() | NAMES,
    tags=st.lists(TAGS, max_size=3).map(tuple),
    created_at=MOMENTS,
    expires_at=st.none() | MOMENTS,
    terminated_at=st.none() | MOMENTS,
    protected=st.booleans(),
    first_contact=st.none() | st.sampled_from(FirstContact),
    generation=st.none() | st.integers(0, 99),
    deployment=st.none() | NAMES,
).map(
    lambda x: x.model_copy(
        update={
            "price_per_month": Money(
                amount=x.price_per_month.amount, currency=x.price_per_hour.currency
            )
        }
    )
)
FLEETS = st.lists(XNODES, max_size=3, unique_by=(lambda x: x.id, lambda x: x.name))
IN_CSV = {*COLUMNS, "currency"} - {"currency"}


@given(FLEETS)
def test_json_comes_back_exactly_and_neither_form_changes_what_it_was_made_from(
    fleet: list[XNode],
) -> None:
    desk = Desk()
    plan = desk.take_in("".join(json_chunks(fleet)))
    assert plan.added == len(fleet)
    assert sorted(desk.inventory.list(EVERYONE), key=_id) == sorted(fleet, key=_id)
    for again in ("".join(json_chunks(fleet)), "".join(csv_chunks(fleet)).replace("\n", "\r\n")):
        plan = desk.take_in(again)
        assert (plan.added, plan.changed) == (0, 0)
        assert plan.same == len(fleet)


@given(FLEETS)
def test_csv_comes_back_exactly_in_its_columns_and_holds_no_formula(fleet: list[XNode]) -> None:
    desk = Desk()
    text = "".join(csv_chunks(fleet))
    desk.take_in(text)
    back = {x.id: x for x in desk.inventory.list(EVERYONE)}
    assert len(back) == len(fleet)
    for xnode in fleet:
        assert _columns(back[xnode.id]) == _columns(xnode)
    assert "".join(csv_chunks(back[xnode.id] for xnode in fleet)) == text
    cells = [cell for row in csv.reader(text.splitlines()) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def _id(xnode: XNode) -> str:
    return xnode.id


def _columns(xnode: XNode) -> dict[str, object]:
    return xnode.model_dump(include=IN_CSV)


@given(st.text(max_size=60))
def test_any_text_is_taken_in_or_refused_with_its_file(text: str) -> None:
    try:
        Desk().look(text)
    except ConfigurationError as error:
        assert error.file == "f"  # noqa: PT017


def test_a_name_and_a_provider_are_enough_and_a_second_time_nothing_new(desk: Desk) -> None:
    text = "\ufeffname,provider\r\n\r\nnas,manual\r\nweb,aws\r\n"
    assert desk.take_in(text).added == 2
    assert [(x.id, x.name, x.status.value) for x in desk.inventory.list()] == [
        ("new5new6", "nas", "unknown"),
        ("new7new8", "web", "unknown"),
    ]
    assert desk.take_in(text).same == 2
    changed = desk.take_in("name,provider,address\nnas,manual,192.0.2.7\n")
    assert [change.fields.keys() for change in changed.changes] == [{"address"}]
    assert desk.inventory.get("nas").address == "192.0.2.7"


def test_the_price_of_a_month_is_the_catalogues_or_730_hours(desk: Desk) -> None:
    desk.take_in(
        "name,provider,template,price_per_hour,currency\n"
        "a,vultr,vc2-1c-1gb,0.007,\nb,vultr,vultr-vc2-1,0.01,EUR\n"
    )
    assert desk.inventory.get("a").price_per_month == Money.of("5")
    assert desk.inventory.get("b").price_per_month == Money.of("7.3", "EUR")


def test_what_no_catalogue_knows_is_a_warning_once(desk: Desk) -> None:
    rows = "".join(f"n{number},vultr,huge,moon\n" for number in range(3))
    plan = desk.take_in(f"name,provider,template,region\n{rows}x,manual,mine,home\n")
    assert plan.warnings == (
        "no template 'huge' of vultr is known (3 times)",
        "no region 'moon' of vultr is known (3 times)",
    )
    assert plan.added == 4


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", None, "it is empty"),
        ("\n\n", None, "it is empty"),
        ("name;provider\nweb;aws\n", 1, "semicolons"),
        ("name,provider,adress\n", 1, "no column is called 'adress'; did you mean address?"),
        ("name,provider,name\n", 1, "the column name is there twice"),
        ("\nname,tags\n", 2, "the column provider is missing"),
        ("name,provider\nweb,aws,x\n", 2, "3 cells, and the heading has 2"),
        ('name,provider\nweb,"aws\n', 2, "no CSV"),
        ("name,provider\n,aws\n", 2, "name: field required"),
        ("name,provider\nweb,\n", 2, "no provider is said"),
        ("name,provider\nweb,vulr\n", 2, "no provider is called 'vulr'; did you mean vultr?"),
        ("name,provider,status\nweb,aws,on\n", 2, "status: input should be 'pending'"),
        ("name,provider,created_at\nweb,aws,2026-11-01T08:00\n", 2, "a time needs its zone"),
        ('name,provider,price_per_hour\nweb,aws,"0,5"\n', 2, "'0,5' is no price"),
        ("name,provider,price_per_hour\nweb,aws,1e9\n", 2, "is no price"),
        ("name,provider,price_per_hour,currency\nweb,aws,1,usd\n", 2, "currency: string should"),
        ("name,provider,protected\nweb,aws,maybe\n", 2, "protected: input should be a valid bool"),
        ('name,provider,tags\n"a\nb",aws,\n', 2, "is no word"),
        ("name,provider\nweb,aws\ndb,aws\nweb,vultr\n", 4, "'web' is there twice, first in line 2"),
        ("id,name,provider\n1,a,aws\n1,b,aws\n", 3, "the id '1' is there twice, first in line 2"),
        ("[", 1, "no JSON"),
        ('[\n{"name": "web", "provider": "aws"}', 2, "a comma or the end"),
        ('[\n{"name": "web", "provider": "aws"},\n]', 3, "a comma before the end"),
        ("[\n3]", 2, "it is no object"),
        ("[] x", 1, "something follows"),
        ('[\n{"name": "web",\n "provider" "aws"}]', 3, "no JSON"),
        ('[{"name": "web", "provider": "aws", "nme": 1}]', 1, "nme: extra inputs"),
        ("[" * 5000, 1, "nested too deeply"),
        ('{"a": 1}', None, "without xnodes"),
        ('{"xnodes": {"a": 3}}', None, "xnodes.a is no object"),
        ('{"xnodes": {\n"a": {"name": "web", "provider": "nowhere"}}}', 2, "no provider is called"),
        ('{"xnodes": \n{,}}', 2, "no JSON"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(
    desk: Desk, text: str, line: int | None, message: str
) -> None:
    refused = desk.refusal(text)
    assert message in refused.message
    assert refused.line == line


def test_every_faulty_line_is_told_up_to_five(desk: Desk) -> None:
    rows = "".join(f"n{number},nowhere\n" for number in range(9))
    refused = desk.refusal(f"name,provider\nfine,aws\n{rows}")
    assert refused.message == "f:3: no provider is called 'nowhere'"
    assert refused.hint is not None
    assert "line 4: no provider" in refused.hint
    assert refused.hint.endswith("and 4 more")


def test_a_name_of_another_living_one_is_refused_with_the_line(desk: Desk) -> None:
    desk.take_in("id,name,provider\na1,web,aws\n")
    refused = desk.refusal("id,name,provider\nb2,db,aws\nc3,web,aws\n")
    assert (refused.line, "taken by another xNode, a1" in refused.message) == (3, True)


def test_the_originals_inventory_is_understood(desk: Desk) -> None:
    original = {
        "version": "1.0",
        "last_updated": "2026-01-02T03:04:05",
        "xnodes": {
            "srv-1": {
                "id": "srv-1",
                "name": "web",
                "provider": "vultr",
                "template": "vultr-vc2-1",
                "status": "active",
                "deployed_at": "2026-01-02T03:04:05.000006",
                "cost_hourly": 0.007,
                "tags": ["front"],
                "some_word_of_its_own": [1],
            },
            "srv-2": {"name": "old", "provider": "aws", "status": "terminated", "tags": None},
        },
        "history": [{"action": "deployed"}],
        "metadata": {"total_deployed": 2},
    }
    plan = desk.take_in(json.dumps(original, indent=2))
    assert plan.added == 2
    web, old = desk.inventory.get("web"), desk.inventory.get("old")
    assert (web.id, web.server_id, web.status, web.tags) == (
        *("srv-1", "srv-1", ServerStatus.RUNNING),
        ("front",),
    )
    assert web.created_at == datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert (web.price_per_hour, web.price_per_month) == (Money.of("0.007"), Money.of(5))
    assert (old.id, old.status) == ("srv-2", ServerStatus.GONE)


def test_a_large_file_is_read_in_pieces_and_its_faults_are_counted(desk: Desk) -> None:
    rows = "".join(f"n{number},aws,{'x' * 60}\n" for number in range(1100))
    assert desk.look(f"name,provider,profile\n{rows}").added == 1100
    assert "and 1095 more" in str(desk.refusal(f"name,provider,profile\n{rows * 2}").hint)


def test_short_ids_that_come_again_neither_refuse_a_file_nor_replace_what_is_kept() -> None:
    # Of a million real ones two are often alike.
    desk = Desk(ids=cycle(["a", "b", "a", "c", "d"]))
    desk.inventory.add(an_xnode("kept", id="a"))
    desk.take_in("name,provider\nx,manual\ny,manual\n")
    assert {xnode.name for xnode in desk.inventory.list()} == {"kept", "x", "y"}


def test_what_was_changed_since_it_was_looked_at_is_looked_at_again(desk: Desk) -> None:
    desk.look("name,provider\nweb,aws\n")
    desk.files.files["f"] = "name,provider\nweb,aws\nweb,aws\n"
    with pytest.raises(ConfigurationError, match="there twice"):
        desk.service.run("f")
    assert desk.inventory.list() == []


def test_two_swap_their_names_in_one_file(desk: Desk) -> None:
    desk.take_in("id,name,provider\na1,one,aws\nb2,two,aws\n")
    plan = desk.take_in("id,name,provider\na1,two,aws\nb2,one,aws\n")
    assert plan.changed == 2
    assert [(x.name, x.id) for x in desk.inventory.list()] == [("one", "b2"), ("two", "a1")]


def test_a_name_is_free_when_a_later_line_ends_or_renames_its_xnode(desk: Desk) -> None:
    desk.take_in("id,name,provider\na1,one,aws\nb2,two,aws\n")
    desk.take_in(
        "id,name,provider,status\nc3,one,aws,\nd4,two,aws,\na1,one,aws,gone\nb2,three,aws,\n"
    )
    assert {x.name: x.id for x in desk.inventory.list()} == {
        "one": "c3",
        "two": "d4",
        "three": "b2",
    }


def test_a_name_that_its_xnode_keeps_is_refused_in_the_line_that_takes_it(desk: Desk) -> None:
    desk.take_in("id,name,provider\na1,one,aws\nb2,two,aws\n")
    refused = desk.refusal("id,name,provider\nb2,one,aws\nc3,nowhere,nowhere\na1,,aws\n")
    assert (refused.line, refused.message) == (
        2,
        "f:2: the name 'one' is taken by another xNode, a1",
    )
    assert "line 3: no provider" in str(refused.hint)


@given(st.lists(st.text("ab", max_size=3), max_size=40))
def test_what_comes_again_is_found_as_often_as_it_does(words: list[str]) -> None:
    doubles = Doubles()
    for word in words:
        doubles.add(word)
    beyond = Counter(words) - Counter(set(words))
    assert Counter(doubles.again()) == Counter({hash(w): n for w, n in beyond.items()})
