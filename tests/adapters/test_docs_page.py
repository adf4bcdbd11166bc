"""The page itself: what is in it, what may not be in it, and its drawing."""

import base64
import hashlib
import re
import stat
import time
from collections.abc import Sequence
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from capsule_adapters.docs.graph import graph
from capsule_adapters.docs.highlight import highlighted
from capsule_adapters.docs.html import HtmlPages
from capsule_adapters.nix.renderer import JinjaNixRenderer
from capsule_adapters.presets.builtin import BuiltinPresets
from capsule_domain.models.nixos import PreviewFormat
from capsule_domain.models.page import PageSource
from capsule_domain.models.profile import Environment, Profile
from capsule_domain.models.stack import ResolvedStack
from capsule_domain.services.compose import Compose, order
from tests.contracts.test_pages import page
from tests.fakes.presets import stack

EVIL = '</title></style></script><script>alert(1)</script><img src=x onerror="alert(2)">\'"&'
VOID = {"meta", "br", "path", "rect"}


class Reader(HTMLParser):
    """What a page is made of, and whether every element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.ids: list[str] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID or tag == "path":
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID or tag == "path":
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def html(home: Path = Path("/nowhere"), **changes: object) -> str:
    return HtmlPages(home, {}).text(page(**changes))  # type: ignore[arg-type]


def resolved(*names: str) -> Environment:
    return Compose(BuiltinPresets()).resolve(Profile(name="p", stacks=names))


# -- the page -------------------------------------------------------------------------------


def test_the_page_is_whole_and_says_what_it_should() -> None:
    read = Reader(html())
    said = " ".join(" ".join(read.words).split())
    for words in (
        "mine", "all of it", "active", "docker", "there because: chosen", "requires base",
        "ripgrep", "14.1", "MIT", "—", "80, 443", "What setup installs", "capsule remove docker",
        "Made by Capsule 0.1.0 on", "2026-11-23 12:00 UTC",
    ):  # fmt: skip
        assert words in said, words


def test_headings_go_down_step_by_step() -> None:
    levels = [int(tag[1]) for tag in Reader(html()).tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_nothing_is_loaded_from_anywhere() -> None:
    read = Reader(html())
    assert not {"script", "link", "img", "iframe", "object", "embed", "form", "base"} & set(
        read.tags
    )
    for tag, name, value in read.attributes:
        assert name not in ("src", "srcset", "style", "xlink:href"), (tag, name)
        assert not name.startswith("on"), (tag, name)
        if name == "href":
            assert value.startswith("#"), value
    assert "url(" not in re.sub(r"url\(#head\)", "", html())
    assert "@import" not in html()


def test_every_anchor_of_the_page_leads_somewhere() -> None:
    read = Reader(html())
    assert len(set(read.ids)) == len(read.ids)
    targets = {value[1:] for _, name, value in read.attributes if name == "href"}
    labels = {value for _, name, value in read.attributes if name == "aria-labelledby"}
    assert targets | labels <= set(read.ids)


def test_the_policy_allows_the_pages_own_style_and_nothing_else() -> None:
    text = html()
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    wanted = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    assert unescape(policy) == (
        f"default-src 'none'; style-src 'sha256-{wanted}'; base-uri 'none'; form-action 'none'"
    )


def test_words_of_a_person_stay_words() -> None:
    environment = page().environment
    evil_stack = stack("base").model_copy(update={"summary": EVIL, "category": EVIL})
    hostile = environment.model_copy(
        update={
            "profile": environment.profile.model_copy(update={"summary": EVIL}),
            "stacks": (ResolvedStack(stack=evil_stack, because=(EVIL,)),),
            "services": (EVIL,),
            "unfree": (EVIL,),
        }
    )
    sources = (PageSource(title=EVIL, name=EVIL, text=EVIL + f'"{EVIL}" # {EVIL}'),)
    read = Reader(html(environment=hostile, sources=sources))
    assert "script" not in read.tags
    assert "img" not in read.tags
    assert "".join(read.words).count("<script>alert(1)</script>") >= 6


def test_a_page_in_the_home_is_its_owners(tmp_path: Path) -> None:
    path = Path(HtmlPages(tmp_path / "home", {}).write(page()))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_desktops_own_opener_is_asked(tmp_path: Path) -> None:
    for name in ("xdg-open", "open"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    started: list[Sequence[str]] = []
    path = {"PATH": str(tmp_path)}
    linux = HtmlPages(tmp_path, {**path, "DISPLAY": ":0"}, "linux", started.append)
    mac = HtmlPages(tmp_path, path, "darwin", started.append)
    bare = HtmlPages(tmp_path, path, "linux", started.append)
    assert linux.open("/a.html")
    assert mac.open("/b.html")
    assert not bare.open("/c.html")
    assert started == [[f"{tmp_path}/xdg-open", "/a.html"], [f"{tmp_path}/open", "/b.html"]]


# -- Nix in colours -------------------------------------------------------------------------


def spans(text: str) -> list[tuple[str, str]]:
    found = re.findall(r'<span class="nix-(\w+)">(.*?)</span>', str(highlighted(text)), re.DOTALL)
    return [(kind, unescape(words)) for kind, words in found]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("let a = 1; in a", [("keyword", "let"), ("value", "1"), ("keyword", "in")]),
        ("# all of it\nx", [("comment", "# all of it")]),
        ("/* a\nb */ x", [("comment", "/* a\nb */")]),
        ('"a # b"', [("string", '"a # b"')]),
        (r'"a \" b"', [("string", r'"a \" b"')]),
        ('"a ${b "c"} d"', [("string", '"a ${'), ("string", '"c"} d"')]),
        ("''a ''${b} ${c} ''' d''", [("string", "''a ''${b} ${"), ("string", "} ''' d''")]),
        ("./a/b.nix", [("path", "./a/b.nix")]),
        ("<nixpkgs>", [("path", "<nixpkgs>")]),
        ("letter = inherited;", []),
        ("in' or-else", []),
        ("{ a = { b = true; }; }", [("value", "true")]),
    ],
)
def test_each_kind_of_word_has_its_colour(text: str, wanted: list[tuple[str, str]]) -> None:
    assert spans(text) == wanted


def test_what_capsule_renders_is_coloured_and_nothing_is_lost() -> None:
    environment = resolved(*(name for name in BuiltinPresets().stacks() if name != "base"))
    for form in PreviewFormat:
        text = JinjaNixRenderer().preview(environment, form)
        coloured = str(highlighted(text))
        assert unescape(re.sub(r"</?span[^>]*>", "", coloured)) == text
        assert {kind for kind, _ in spans(text)} >= {"comment", "string"}


NIX = st.sampled_from(
    ["let", "in", '"', "''", "${", "}", "{", "\\", "#", "/*", "*/", "\n", " ", "<", ">", "&", "$",
     "'", "a/b", "./x", "1", "true", "''${", "'''", "\x00", "é", "a"]
)  # fmt: skip


@given(st.lists(NIX, max_size=40).map("".join) | st.text())
def test_whatever_stands_there_is_shown_as_it_is(text: str) -> None:
    coloured = str(highlighted(text))
    assert unescape(re.sub(r'<span class="nix-\w+">|</span>', "", coloured)) == unescape_once(text)
    assert "<" not in re.sub(r'<span class="nix-\w+">|</span>', "", coloured)


def unescape_once(text: str) -> str:
    """`text` as it comes back through the escapes of HTML. (NUL is not one of them.)"""
    return unescape(str(escape(text)))


def test_colouring_takes_time_in_proportion() -> None:
    def seconds(text: str) -> float:
        started = time.perf_counter()
        highlighted(text)
        return time.perf_counter() - started

    for unit in ('"${', "{", "''", "/", "a/", "(" * 3, "/*"):
        assert seconds(unit * 20_000) < 5


# -- the drawing ----------------------------------------------------------------------------


def test_what_is_required_stands_below_and_to_the_right() -> None:
    drawn = graph(resolved("cuda", "docker"))
    boxes = {box.name: box for box in drawn.boxes}
    assert next(iter(boxes)) == "profile p"
    assert boxes["cuda"].y < boxes["ml"].y < boxes["python"].y
    assert boxes["cuda"].x < boxes["ml"].x < boxes["python"].x
    pairs = {(arrow.source, arrow.target) for arrow in drawn.arrows}
    assert {("profile p", "cuda"), ("cuda", "ml"), ("ml", "python"), ("profile p", "base")} <= pairs
    assert ("profile p", "ml") not in pairs
    assert [arrow.target for arrow in drawn.arrows if arrow.always] == ["base"]


def test_a_drawing_of_every_stack_fits_a_phone() -> None:
    drawn = graph(resolved(*(name for name in BuiltinPresets().stacks() if name != "base")))
    assert drawn.width <= 300


@st.composite
def environments(draw: st.DrawFn) -> Environment:
    count = draw(st.integers(1, 12))
    names = [f"s{number}" for number in range(count)]
    stacks = {
        name: stack(
            name, *draw(st.sets(st.sampled_from(names[:at]), max_size=3) if at else st.just(set()))
        )
        for at, name in enumerate(names)
    }
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    return Environment(
        profile=Profile(name="p", stacks=tuple(chosen)),
        stacks=order(stacks, chosen),
        packages=(),
        python_packages=(),
    )


@given(environments())
def test_every_arrow_leads_down_and_right_to_where_its_box_is(environment: Environment) -> None:
    drawn = graph(environment)
    boxes = {box.name: box for box in drawn.boxes}
    assert set(boxes) == {"profile p", *(entry.stack.name for entry in environment.stacks)}
    rows = [box.y for box in drawn.boxes]
    assert rows == sorted(set(rows))
    wanted = {(e.stack.name, need) for e in environment.stacks for need in e.stack.requires}
    pairs = {(arrow.source, arrow.target) for arrow in drawn.arrows}
    assert wanted <= pairs
    reached = {target for _, target in pairs}
    assert reached == set(boxes) - {"profile p"}
    for source, target in pairs:
        assert boxes[source].y < boxes[target].y
        assert boxes[source].x < boxes[target].x
    assert all(box.x + box.width <= drawn.width for box in drawn.boxes)
    assert all(box.y + box.height <= drawn.height for box in drawn.boxes)
    assert graph(environment) == drawn
