"""What every keeper of the clouds' keys does: the fake, and providers.yml."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from capsule_adapters.store.cloud_keys import YamlCloudKeys
from capsule_domain.errors import ConfigurationError, NotFound
from capsule_domain.ports.cloud_keys import CloudKey, CloudKeys
from tests.fakes.cloud_keys import PARTS, FakeCloudKeys

ENVIRONMENT = {"FAKE_TOKEN": " from-env\n", "FAKE_PROJECT_ID": "", "PAIR_SECRET": "half"}


@dataclass
class Ring:
    """Keys, and a way to damage what keeps them."""

    keys: CloudKeys
    damage: Callable[[], object]


def _fake(_home: Path) -> Ring:
    keys = FakeCloudKeys(ENVIRONMENT)
    return Ring(keys, lambda: setattr(keys, "broken", True))


def _yaml(home: Path) -> Ring:
    def damage() -> None:
        (home / "providers.yml").write_text("fakecloud: [")

    return Ring(YamlCloudKeys(home, ENVIRONMENT, PARTS), damage)


@pytest.fixture(params=[_fake, _yaml])
def ring(request: pytest.FixtureRequest, tmp_path: Path) -> Ring:
    made: Ring = request.param(tmp_path)
    return made


def key(**parts: str) -> CloudKey:
    return {field: SecretStr(value) for field, value in parts.items()}


def shown(found: CloudKey) -> Mapping[str, str]:
    return {field: value.get_secret_value() for field, value in found.items()}


def test_an_unknown_cloud_is_told_by_every_method(ring: Ring) -> None:
    for ask in (ring.keys.parts, ring.keys.in_environment, ring.keys.kept):
        with pytest.raises(NotFound, match="did you mean fakecloud"):
            ask("fakeclout")
    with pytest.raises(NotFound):
        ring.keys.keep("fakeclout", key(api_key="x"))


def test_the_environment_is_told_by_parts_without_blanks(ring: Ring) -> None:
    assert shown(ring.keys.in_environment("fakecloud")) == {"api_key": "from-env"}
    assert shown(ring.keys.in_environment("paircloud")) == {"secret_key": "half"}
    assert ring.keys.kept("fakecloud") == {}


def test_a_key_comes_back_in_its_parts_and_replaces_the_last_one(ring: Ring) -> None:
    ring.keys.keep("fakecloud", key(api_key="0x12: #", project_id="on"))
    ring.keys.keep("paircloud", key(api_key="id", secret_key="1e3"))
    assert shown(ring.keys.kept("fakecloud")) == {"api_key": "0x12: #", "project_id": "on"}
    assert shown(ring.keys.kept("paircloud")) == {"api_key": "id", "secret_key": "1e3"}
    ring.keys.keep("fakecloud", key(api_key="new"))
    assert shown(ring.keys.kept("fakecloud")) == {"api_key": "new"}
    assert shown(ring.keys.kept("paircloud")) == {"api_key": "id", "secret_key": "1e3"}


def test_what_does_not_hold_is_neither_read_nor_overwritten(ring: Ring) -> None:
    ring.damage()
    with pytest.raises(ConfigurationError, match=r"providers\.yml:\d"):
        ring.keys.kept("fakecloud")
    with pytest.raises(ConfigurationError):
        ring.keys.keep("fakecloud", key(api_key="x"))


WRITTEN = """\
# mine
hivelocity: {api_key: hv}
fakecloud:
  api_key: old   # of May
  endpoint: http://127.0.0.1:8080
"""


def test_comments_other_clouds_and_the_endpoint_stay(tmp_path: Path) -> None:
    file = tmp_path / "providers.yml"
    file.write_text(WRITTEN)
    file.chmod(0o644)
    YamlCloudKeys(tmp_path, {}, PARTS).keep("fakecloud", key(api_key="new"))
    assert file.read_text() == (
        "# mine\nhivelocity: {api_key: hv}\n"
        "fakecloud:\n  api_key: new\n  endpoint: http://127.0.0.1:8080\n"
    )
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_new_file_is_the_persons_alone(tmp_path: Path) -> None:
    YamlCloudKeys(tmp_path / "home", {}, PARTS).keep("fakecloud", key(api_key="x"))
    assert (tmp_path / "home" / "providers.yml").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["fakecloud: sesame\n", "fakecloud:\n  api: sesame\n"])
def test_a_fault_in_the_file_never_shows_what_it_holds(tmp_path: Path, text: str) -> None:
    (tmp_path / "providers.yml").write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        YamlCloudKeys(tmp_path, {}, PARTS).keep("fakecloud", key(api_key="x"))
    assert "sesame" not in str(caught.value)
    assert (tmp_path / "providers.yml").read_text() == text
