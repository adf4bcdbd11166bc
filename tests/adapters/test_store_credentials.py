"""Credentials: the environment first, then providers.yml; and never a secret in a message."""

import logging
import traceback
from pathlib import Path

import pytest

from capsule_adapters.store.credentials import Credentials
from capsule_domain.errors import ConfigurationError, StoreError

VARIABLES = ("DIGITALOCEAN_API_KEY", "DIGITALOCEAN_TOKEN")
ENDPOINT = "CAPSULE_DIGITALOCEAN_ENDPOINT"
SECRET = "dop_v1_5EC2E7"


def credentials(home: Path, text: str | None = None, **environment: str) -> Credentials:
    if text is not None:
        (home / "providers.yml").write_text(text)
        (home / "providers.yml").chmod(0o600)
    return Credentials(home, environment)


def token(found: Credentials, provider: str = "digitalocean") -> str | None:
    secret = found.token(provider, VARIABLES)
    return None if secret is None else secret.get_secret_value()


def test_nothing_anywhere_is_none(tmp_path: Path) -> None:
    assert token(credentials(tmp_path)) is None
    assert credentials(tmp_path).endpoint("digitalocean", ENDPOINT) is None


def test_the_environment_goes_before_the_file_in_the_order_of_its_variables(tmp_path: Path) -> None:
    file = f"digitalocean: {{api_key: {SECRET}}}\n"
    both = credentials(tmp_path, file, DIGITALOCEAN_API_KEY="first", DIGITALOCEAN_TOKEN="second")
    assert token(both) == "first"
    assert token(credentials(tmp_path, DIGITALOCEAN_TOKEN="second")) == "second"
    assert token(credentials(tmp_path)) == SECRET


def test_an_empty_variable_is_not_set_and_blanks_around_a_key_are_not_part_of_it(
    tmp_path: Path,
) -> None:
    file = f"digitalocean:\n  api_key: '  {SECRET} '\n"
    assert token(credentials(tmp_path, file, DIGITALOCEAN_API_KEY=" ")) == SECRET
    assert token(credentials(tmp_path, DIGITALOCEAN_API_KEY=" abc\n")) == "abc"


def test_the_file_is_not_read_when_the_environment_has_it(tmp_path: Path) -> None:
    found = credentials(tmp_path, "not: [valid", DIGITALOCEAN_API_KEY="abc")
    assert token(found) == "abc"


def test_the_form_of_the_original_is_read(tmp_path: Path) -> None:
    file = f"hivelocity:\n  api_key: hv\ndigitalocean:\n  api_key: {SECRET}\n"
    assert token(credentials(tmp_path, file)) == SECRET
    assert token(credentials(tmp_path), "hivelocity") == "hv"
    assert token(credentials(tmp_path), "vultr") is None


@pytest.mark.parametrize(
    "text",
    ["", "version: 1\n", "digitalocean:\n", "digitalocean: {}\n", "digitalocean: {api_key: ''}\n"],
)
def test_an_entry_that_says_nothing_is_none(tmp_path: Path, text: str) -> None:
    assert token(credentials(tmp_path, text)) is None


def test_the_endpoint_is_found_the_same_way(tmp_path: Path) -> None:
    file = "digitalocean: {endpoint: http://127.0.0.1:8080}\n"
    assert credentials(tmp_path, file).endpoint("digitalocean", ENDPOINT) == "http://127.0.0.1:8080"
    over = credentials(tmp_path, CAPSULE_DIGITALOCEAN_ENDPOINT="http://127.0.0.1:9")
    assert over.endpoint("digitalocean", ENDPOINT) == "http://127.0.0.1:9"
    assert token(over) is None


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        (f"digitalocean: {SECRET}\n", 1, "lines of its own"),
        (f"vultr: {{api_key: x}}\ndigitalocean:\n- {SECRET}\n", 2, "lines of its own"),
        (f"digitalocean:\n  apikey: {SECRET}\n", 2, r"unknown key; did you mean api_key\?"),
        (f"digitalocean:\n  {SECRET}: api_key\n", 2, "unknown key; known are api_key, endpoint"),
        (f"digitalocean:\n  api_key: [{SECRET}]\n", 2, "api_key: input should be a valid string"),
        ("digitalocean:\n  api_key: 123456\n", 2, "api_key: input should be a valid string"),
        (f"digitalocean:\n  api_key: !{SECRET} x\n", 2, "a tag"),
        (f"digitalocean:\n  api_key: !{SECRET}!x y\n", 2, "not valid YAML"),
        (f"digitalocean:\n  api_key: *{SECRET}\n", 2, "anchors and aliases"),
        (f"digitalocean:\n  api_key: '{SECRET}\n", 3, "not valid YAML"),
        (f"digitalocean:\n  {SECRET}: a\n  {SECRET}: b\n", 3, "a key stands here a second time"),
        (f"digitalocaen:\n  api_key: {SECRET}\n", 1, r"unknown cloud; did you mean digitalocean\?"),
        (f"version: 2\ndigitalocean:\n  token: {SECRET}\n", 1, "newer than this Capsule"),
    ],
)
def test_a_fault_has_its_line_and_nowhere_the_secret(
    tmp_path: Path, text: str, line: int, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(ConfigurationError, match=told) as caught:
        token(credentials(tmp_path, text))
    error = caught.value
    assert error.line == line
    assert error.file == str(tmp_path / "providers.yml")
    shown = "".join(traceback.format_exception(error)) + repr(vars(error)) + caplog.text
    assert SECRET not in shown


def test_a_token_does_not_show_itself(tmp_path: Path) -> None:
    found = credentials(tmp_path, f"digitalocean: {{api_key: {SECRET}}}\n")
    assert SECRET not in repr(found.token("digitalocean", VARIABLES)) + repr(found) + str(
        vars(found)
    )


def test_a_file_that_others_can_read_is_told_once_and_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found = credentials(tmp_path, f"digitalocean: {{api_key: {SECRET}}}\n")
    assert token(found) == SECRET
    assert caplog.records == []
    (tmp_path / "providers.yml").chmod(0o640)
    assert [token(found), token(found)] == [SECRET, SECRET]
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("capsule.store", "WARNING")
    assert f"chmod 600 {tmp_path / 'providers.yml'}" in record.getMessage()


def test_a_folder_in_its_place_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "providers.yml").mkdir()
    with pytest.raises(StoreError, match=r"providers\.yml"):
        token(credentials(tmp_path))
