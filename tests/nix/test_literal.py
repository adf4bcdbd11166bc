"""Values become Nix; Nix itself says whether they became the right ones."""

import json
import math
import sys
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from capsule_adapters.nix.literal import (
    Attribute,
    attribute_name,
    attribute_path,
    comment,
    nix_literal,
    relative_path,
)
from capsule_domain.errors import ConfigurationError
from tests.nix.nix import evaluate

KEYWORDS = ["assert", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with"]
NASTY = [
    "",
    "${x}",
    "$${x}",
    "$$${x}",
    "\\${x}",
    "\\",
    '"',
    "''",
    "''${x}",
    "$",
    "${",
    "a\r\nb\rc\n\td",
    "\x01\x1b\x7f",
    "\ufeff\u2028\U0001f33f\uffff",
]

# One start of Nix serves a whole batch of values.
batches = settings(
    max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    st.text(st.sampled_from("$\\{}\"'\n\r\t a")),
    st.sampled_from(NASTY),
)
names = st.one_of(texts, st.sampled_from([*KEYWORDS, "a-b", "a'", "_", "1a", "true", "null"]))
# toJSON of Nix gives these two a meaning of their own.
plain_names = names.filter(lambda name: name not in ("outPath", "__toString"))
numbers = st.integers(min_value=-(2**63), max_value=2**63 - 1)
floats = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(plain_names, inner, max_size=4),
    max_leaves=12,
)


def asked(expressions: list[str]) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        return evaluate("[\n" + "\n".join(f"({e})" for e in expressions) + "\n]", Path(folder))


@batches
@given(st.lists(texts, min_size=20, max_size=60))
def test_every_text_is_the_same_text_in_nix(batch: list[str]) -> None:
    assert asked([nix_literal(text) for text in [*batch, *NASTY]]) == [*batch, *NASTY]


@batches
@given(st.lists(values, min_size=10, max_size=40))
def test_every_value_however_nested_is_the_same_value_in_nix(batch: list[Any]) -> None:
    assert asked([nix_literal(value) for value in batch]) == batch


@batches
@given(st.lists(floats, min_size=20, max_size=60))
def test_every_float_is_the_same_float_in_nix(batch: list[float]) -> None:
    numbers = [*batch, 0.0, -0.0, 1e16, -1e16, 1e-7, sys.float_info.max, sys.float_info.min]
    # Compared inside Nix, which prints fewer digits than it holds.
    same = [f"builtins.fromJSON {nix_literal(repr(n))} == {nix_literal(n)}" for n in numbers]
    assert asked(same) == [True] * len(numbers)


@batches
@given(st.lists(st.lists(names, min_size=1, max_size=4), min_size=10, max_size=40))
def test_every_name_can_be_set_and_selected(paths: list[list[str]]) -> None:
    paths += [[keyword] for keyword in KEYWORDS]
    selections = [f"{{ {attribute_path(p)} = 7; }}.{attribute_path(p)}" for p in paths]
    assert asked(selections) == [7] * len(paths)


@batches
@given(st.lists(st.lists(texts, max_size=4), min_size=5, max_size=30))
def test_an_absolute_path_becomes_a_text_not_something_in_the_store(
    batch: list[list[str]],
) -> None:
    paths = [PurePosixPath("/", *[part.lstrip("/") for part in parts]) for parts in batch]
    kinds = [f"builtins.typeOf {nix_literal(path)}" for path in paths]
    assert asked([nix_literal(path) for path in paths]) == [str(path) for path in paths]
    assert asked(kinds) == ["string"] * len(paths)


@batches
@given(st.lists(texts, min_size=10, max_size=40))
def test_a_comment_never_ends_its_line(batch: list[str]) -> None:
    assert asked([f"1 # {comment(text)}\n + 1" for text in batch]) == [2] * len(batch)


def test_extreme_whole_numbers_survive_also_inside_a_list() -> None:
    extremes = [-(2**63), 2**63 - 1, -1, 0]
    assert asked([nix_literal(extremes)]) == [extremes]


def test_an_attribute_is_selected_not_quoted() -> None:
    assert nix_literal(Attribute("python3Packages.numpy")) == "pkgs.python3Packages.numpy"
    assert nix_literal([Attribute("with"), Attribute("black", of="ps")]) == (
        '[ pkgs."with" ps.black ]'
    )


def test_plain_names_stay_unquoted_and_keywords_do_not() -> None:
    assert attribute_name("python3Packages") == "python3Packages"
    assert attribute_name("let") == '"let"'
    assert attribute_path(["services", "www.example.org"]) == 'services."www.example.org"'


def test_the_same_mapping_gives_the_same_text_whatever_its_order() -> None:
    assert (
        nix_literal({"b": 1, "a": []}) == nix_literal({"a": [], "b": 1}) == ("{ a = [ ]; b = 1; }")
    )


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("a\0b", "NUL"),
        ({"a\0": 1}, "NUL"),
        (["fine", "\ud800"], "Unicode"),
        (2**63, "64 bits"),
        (-(2**63) - 1, "64 bits"),
        (math.inf, "infinite"),
        (math.nan, "infinite"),
        (5e-324, "zero"),
        (PurePosixPath("secrets/key"), "not absolute"),
    ],
)
def test_what_nix_cannot_hold_is_refused(value: object, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        nix_literal(value)


@pytest.mark.parametrize("value", [SecretStr("hunter2"), b"bytes", {1: 2}, {1, 2}, object()])
def test_a_type_without_a_form_in_nix_is_a_mistake_of_ours(value: object) -> None:
    with pytest.raises(TypeError) as caught:
        nix_literal(value)
    assert "hunter2" not in str(caught.value)


def test_a_path_beside_the_file_is_a_path_and_cannot_leave() -> None:
    assert relative_path("modules/web-1.nix") == "./modules/web-1.nix"
    for bad in ["../x", "a/../../x", "/etc/passwd", "", "a b", "a;b", "~/x", "a//b", "${x}"]:
        with pytest.raises(ConfigurationError):
            relative_path(bad)


@given(st.text())
def test_a_path_that_is_accepted_has_nothing_that_nix_would_read_otherwise(text: str) -> None:
    try:
        path = relative_path(text)
    except ConfigurationError:
        return
    assert json.dumps(path).isascii()
    assert not set(path) & set(" ;${}()\"'\\\n")
