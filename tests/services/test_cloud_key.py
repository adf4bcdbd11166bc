"""Which of the keys that are at hand opens a cloud."""

from collections.abc import Mapping

import pytest

from capsule_domain.services.cloud_key import key_at_hand
from tests.fakes.cloud_keys import FakeCloudKeys

KEPT = {
    "fakecloud": {"api_key": "kept", "project_id": "kept-project"},
    "paircloud": {"api_key": "kept-id", "secret_key": "kept-secret"},
}


@pytest.mark.parametrize(
    ("provider", "environment", "key"),
    [
        ("fakecloud", {}, {"api_key": "kept", "project_id": "kept-project"}),
        ("fakecloud", {"FAKE_API_KEY": "e"}, {"api_key": "e", "project_id": "kept-project"}),
        ("fakecloud", {"FAKE_PROJECT_ID": "p"}, {"api_key": "kept", "project_id": "p"}),
        ("paircloud", {}, {"api_key": "kept-id", "secret_key": "kept-secret"}),
        ("paircloud", {"PAIR_KEY_ID": "i"}, {"api_key": "i"}),
        ("paircloud", {"PAIR_SECRET": "s"}, {"api_key": "kept-id", "secret_key": "kept-secret"}),
        (
            "paircloud",
            {"PAIR_KEY_ID": "i", "PAIR_SECRET": "s"},
            {"api_key": "i", "secret_key": "s"},
        ),
    ],
)
def test_the_environment_goes_first_and_two_keys_are_never_mixed(
    provider: str, environment: Mapping[str, str], key: Mapping[str, str]
) -> None:
    found = key_at_hand(FakeCloudKeys(environment, KEPT), provider)
    assert {field: value.get_secret_value() for field, value in found.items()} == key


def test_half_a_key_in_the_environment_is_given_as_it_is_when_nothing_is_kept() -> None:
    assert set(key_at_hand(FakeCloudKeys({"PAIR_SECRET": "s"}), "paircloud")) == {"secret_key"}


def test_what_is_kept_is_not_read_when_the_environment_has_it_all() -> None:
    keys = FakeCloudKeys({"FAKE_API_KEY": "e", "FAKE_PROJECT_ID": "p"})
    keys.broken = True
    assert set(key_at_hand(keys, "fakecloud")) == {"api_key", "project_id"}
