"""What goes out and comes in besides plain objects: base64, no body, headers, bare bodies."""

import base64
import json

import pytest
from pydantic import SecretStr, ValidationError

from capsule_adapters.rest.answer import Answer as Got
from capsule_adapters.rest.answer import within
from capsule_adapters.rest.paging import PageNumber, collect
from capsule_adapters.rest.refusals import Refusal, words
from capsule_adapters.rest.secrets import InBase64, encode, redacted
from capsule_adapters.rest.transport import JsonApi
from capsule_adapters.rest.wire import Wire, understood
from capsule_adapters.sandbox import faults
from capsule_domain.errors import CredentialsRefused, OutOfStock, ProviderError
from tests.fakes.clock import FakeClock
from tests.simulators.plain import PlainApi

TEXT = "#cloud-config\nkey: sentinel-55d1b0a4 ä\n"


def test_a_secret_in_base64_is_redacted_in_either_form() -> None:
    body, secrets = encode({"inner": [{"data": InBase64(SecretStr(TEXT))}]})
    [inner] = json.loads(body)["inner"]
    assert base64.b64decode(inner["data"]).decode() == TEXT
    assert "sentinel" not in repr(InBase64(SecretStr(TEXT)))
    shown = redacted(f"bad: {inner['data']} / key: sentinel-55d1b0a4", secrets)
    assert inner["data"] not in shown
    assert "sentinel" not in shown


def test_a_body_that_is_a_secret_goes_as_the_text_that_it_is() -> None:
    clock = FakeClock()
    with PlainApi(clock) as cloud:
        api = JsonApi("testcloud", cloud.url, auth_headers={}, clock=clock)
        api.send("PATCH", "/things", body=SecretStr(TEXT))
        [sent] = [e.request for e in cloud.exchanges]
        assert (sent.body.decode(), sent.headers["content-type"]) == (TEXT, "text/plain")
        cloud.faults.add(faults.status(400, f"what is {TEXT}"))
        with pytest.raises(ProviderError) as caught:
            api.send("PATCH", "/things", body=SecretStr(TEXT))
        assert "sentinel" not in str(caught.value)
        api.close()


def test_a_right_that_is_lacking_is_named() -> None:
    details = [{"action": "write", "resource": "instances"}]
    told = words({"message": "insufficient permissions", "details": details})
    assert told == "insufficient permissions; write instances"


def test_a_request_without_a_body_has_none_and_headers_go_along() -> None:
    clock = FakeClock()
    with PlainApi(clock) as cloud:
        api = JsonApi("testcloud", cloud.url, auth_headers={}, clock=clock)
        api.post("/things", body=None)
        api.get("/things", headers={"X-Filter": "{}"})
        api.get("/things")
        api.close()
        post, filtered, plain = (exchange.request for exchange in cloud.exchanges)
    assert post.body == b""
    assert "content-type" not in post.headers
    assert filtered.headers["x-filter"] == "{}"
    assert "x-filter" not in plain.headers


def test_a_body_may_be_the_thing_itself() -> None:
    assert within({"a": 1}, "") == {"a": 1}
    assert within({"a": 1}, "a") == 1
    assert within([1], "a") is None


def test_a_body_may_be_the_list_itself() -> None:
    paging = PageNumber(pages=("pages",), size=5)

    def whole(body: object) -> list[object]:
        answer = Got(200, {}, body, None)
        return collect("testcloud", lambda _: answer, paging, items="", query={})

    assert whole([1, 2]) == [1, 2]
    with pytest.raises(ProviderError, match="the answer is not a list"):
        whole({"data": []})


class _Thing(Wire):
    name: str


@pytest.mark.parametrize(
    ("raw", "told"), [({}, "the answer lacks name"), ([], "the answer's body cannot be read")]
)
def test_what_is_missing_in_a_bare_body_is_named(raw: object, told: str) -> None:
    with pytest.raises(ProviderError, match=told) as caught, understood("testcloud", ""):
        _Thing.model_validate(raw)
    assert isinstance(caught.value.__cause__, ValidationError)


@pytest.mark.parametrize(
    ("said", "hint"),
    [("you may not do that", "ask for the right"), ("sold out", "set its key anew")],
)
def test_of_a_401_only_words_about_the_key_count(said: str, hint: str) -> None:
    clock = FakeClock()
    refusals = (
        Refusal("may not", CredentialsRefused, hint="ask for the right"),
        Refusal("sold out", OutOfStock),
    )
    with PlainApi(clock) as cloud:
        api = JsonApi("testcloud", cloud.url, auth_headers={}, clock=clock, refusals=refusals)
        cloud.faults.add(faults.status(401, said))
        with pytest.raises(CredentialsRefused) as caught:
            api.get("/things")
        api.close()
    assert str(caught.value.hint).startswith(hint)
