"""From where a machine will be to the ways in, by the same key and user."""

from capsule_domain.models.endpoint import Endpoint
from capsule_domain.models.live_system import LiveSystem
from capsule_domain.ports.host import Destination, Target
from capsule_domain.services.endpoint_machines import endpoint_machines, moved_to
from tests.services.switching import ADDRESS, WEB, Stage

NOW = Endpoint(address=ADDRESS, port=22)
GONE = NOW.model_copy(update={"declared": False})
PORT = Endpoint(address=ADDRESS, port=2222)
ADDRESS_THEN = Endpoint(address="203.0.113.77", port=22)
PERSONS = Destination(host=ADDRESS, user="anna")


def live() -> LiveSystem:
    return Stage().machine.look(ADDRESS, 22)


def test_a_machine_that_stays_is_entered_as_it_was_named() -> None:
    alias = Destination(host="web")
    now = Endpoint(address="web", port=22)
    assert endpoint_machines([now], alias, live()) == [alias]
    assert moved_to([now]) is None


def test_this_machine_has_no_way_in() -> None:
    assert endpoint_machines([], None, live()) == [None]


def test_one_of_ours_moves_with_its_pinned_key() -> None:
    found = endpoint_machines([PORT, GONE], WEB, live())
    assert found == [Target(address=ADDRESS, port=2222, key_alias="web")]
    assert moved_to([PORT, GONE]) == PORT


def test_a_persons_machine_moves_with_the_key_it_was_met_with() -> None:
    (port,) = endpoint_machines([PORT, GONE], PERSONS, live())
    assert port == Destination(host=ADDRESS, user="anna", port=2222, known_as=PERSONS)
    alias = Destination(host=ADDRESS)
    (address,) = endpoint_machines([ADDRESS_THEN, GONE], alias, live())
    assert address == Destination(host="203.0.113.77", user="root", port=22, known_as=alias)


def test_all_that_is_declared_has_to_be_reached() -> None:
    assert len(endpoint_machines([PORT, NOW], WEB, live())) == 2
    assert moved_to([PORT, NOW]) is None


def test_where_nothing_is_declared_it_has_to_be_reached_where_it_is() -> None:
    assert endpoint_machines([GONE], WEB, live()) == [WEB]
    assert moved_to([GONE]) is None
