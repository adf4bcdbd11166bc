"""`--set PATH=VALUE`: what a person typed becomes an option and its value, or is refused."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_adapters.nix.literal import attribute_path, nix_block, nix_literal
from capsule_domain.errors import UsageError
from capsule_domain.services.option_values import option_path, option_setting, option_settings
from tests.nix.nix import evaluate

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.integers(-4000, 4000).map(lambda eighths: eighths / 8)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
NAMES = st.text(min_size=1, max_size=20).filter(str.isprintable)


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("a.b=1", ("a", "b"), 1),
        ("a.b = -5", ("a", "b"), -5),
        ("a=1.5", ("a",), 1.5),
        ("a=true", ("a",), True),
        ("a=null", ("a",), None),
        ('a="with = and \\"quotes\\""', ("a",), 'with = and "quotes"'),
        ("a=de_DE.UTF-8", ("a",), "de_DE.UTF-8"),
        ("a=x=y", ("a",), "x=y"),
        ("a=[1,2]", ("a",), [1, 2]),
        ('a=[ 1 "two" false null [ ] ]', ("a",), [1, "two", False, None, []]),
        ('a={ b = 1; "c d" = { }; }', ("a",), {"b": 1, "c d": {}}),
        ('a={"b": [1]}', ("a",), {"b": [1]}),
        ('a=["\\${HOME}" "x\\ny"]', ("a",), ["${HOME}", "x\ny"]),
        (
            'boot.kernel.sysctl."vm.swappiness"=10',
            ("boot", "kernel", "sysctl", "vm.swappiness"),
            10,
        ),
        ('a."b\\"c"=1', ("a", 'b"c'), 1),
    ],
)
def test_values_are_json_or_as_nix_writes_them_or_plain_text(
    text: str, path: tuple[str, ...], value: object
) -> None:
    setting = option_setting(text)
    assert (setting.option, setting.value) == (path, value)
    assert type(setting.value) is type(value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no path"),
        ("a", "no = behind"),
        ("=1", "no path"),
        ("a.=1", "no path"),
        ("a..b=1", "no path"),
        ("a b=1", "no = behind"),
        ("a-$x=1", "no = behind"),
        ("${a}=1", "no path"),
        ('a."${b}"=1', "no path"),
        ('"".b=1', "names no option"),
        ('a."b\nc"=1', "names no option"),
        ("a=", "no value"),
        ("a=${x}", "not expressions"),
        ("a=(1)", "not expressions"),
        ("a=pkgs.hello", "not expressions"),
        ('a="${x}"x', "stands for an expression"),
        ("a=''x''", "neither JSON nor"),
        ('a="open', "neither JSON nor"),
        ("a=[ 1", "neither JSON nor"),
        ("a=[ pkgs.hello ]", "neither JSON nor"),
        ("a=[ 1 ] 2", "more behind"),
        ("a={ b 1; }", "no = behind"),
        ("a={ b = 1 }", "no ;"),
        ("a={ b = 1; b = 2; }", "twice"),
        ("a=" + "[" * 5000, "levels deep"),
        ("." * 1_000_000, "no path"),
        ('"' + "x" * 1_000_000 + '"=1', "names no option"),
    ],
)
def test_anything_else_is_refused_in_one_short_line(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        option_setting(text)
    assert len(caught.value.message) < 200
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("second", ["a.b=2", "a=1", "a.b.c=1"])
def test_an_option_is_set_once(second: str) -> None:
    with pytest.raises(UsageError, match="set the same option"):
        option_settings(["a.b=1", second])


@given(st.text(max_size=200))
def test_whatever_is_typed_is_read_or_refused(text: str) -> None:
    with suppress(UsageError):
        assert option_setting(text).option


@given(path=st.lists(NAMES, min_size=1, max_size=4))
def test_a_path_as_nix_writes_it_is_read_back(path: list[str]) -> None:
    assert option_path(attribute_path(path)) == tuple(path)


@given(value=VALUES)
def test_a_value_as_json_arrives_as_it_is(value: object) -> None:
    assert option_setting(f"a.b={json.dumps(value)}").value == value


def test_a_thousand_values_mean_to_nix_what_they_meant_to_the_person(tmp_path: Path) -> None:
    given_values: list[object] = []

    @given(value=VALUES)
    def collect(value: object) -> None:
        given_values.append(option_setting(f"a={json.dumps(value)}").value)

    collect()
    given_values.append("x" * 1_000_000)
    text = f"[ {' '.join(map(nix_block, given_values))} ]"
    (tmp_path / "values.nix").write_text(text)
    read = evaluate(f"import {nix_literal(tmp_path / 'values.nix')}", tmp_path)
    assert read == given_values
