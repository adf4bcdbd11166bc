"""The page in a real Chromium: no complaint, no request, nothing beyond the edge of a phone."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.browser import Tab, browser
from tests.cli.running import capsule
from tests.tools import ROOT, needs_tool

PHONE, DESK = (360, 740), (1280, 900)
ARTEFACTS = ROOT / "artefacts" / "docs"
WIDEST = (
    "Math.max(...[...document.querySelectorAll('body *')]"
    ".filter(e => !e.closest('pre') && e.tagName !== 'PRE' && !e.closest('thead'))"
    ".map(e => e.getBoundingClientRect().right))"
)


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    needs_tool("chromium")
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture
def page(tmp_path: Path) -> str:
    """The page of a profile with every stack, a long name and a package of its own."""
    home = tmp_path / "home"
    name = "everything-that-there-is-on-one-machine-with-a-rather-long-name"
    assert capsule("profile", "new", name, home=home).code == 0
    assert capsule("profile", "use", name, home=home).code == 0
    stacks = [row["name"] for row in capsule("stacks", "--json", home=home).data]
    added = capsule("add", *(s for s in stacks if s != "base"), home=home)
    assert added.code == 0, added.stderr
    attribute = "python3Packages.opentelemetry-instrumentation-aiohttp-client-with-a-long-name"
    assert capsule("pkg", "add", attribute, home=home).code == 0
    written = capsule("docs", "--json", home=home)
    assert written.code == 0, written.stderr
    return Path(written.data["path"]).as_uri()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_page_is_shown_without_a_complaint_or_a_request(
    tab: Tab, page: str, size: tuple[int, int], *, dark: bool
) -> None:
    width, height = size
    tab.show(page, width, height, dark=dark)
    kept = ARTEFACTS / f"{width}x{height}-{'dark' if dark else 'light'}.png"
    tab.screenshot(kept)
    assert kept.stat().st_size > 10_000
    assert tab.complaints == []
    assert tab.requests == [page]
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth") is True
    assert tab.evaluate(WIDEST) <= width
    background = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(14, 22, 26)" if dark else "rgb(255, 255, 255)")


def test_code_scrolls_inside_its_own_box(tab: Tab, page: str) -> None:
    tab.show(page, *PHONE)
    assert tab.evaluate("(p => p.scrollWidth > p.clientWidth)(document.querySelector('pre'))")
    tab.evaluate("scrollTo(500, 0)")
    assert tab.evaluate("scrollX") == 0


def test_text_is_of_a_size_to_be_read_and_links_of_one_to_be_hit(tab: Tab, page: str) -> None:
    tab.show(page, *PHONE)
    assert tab.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 16
    drawn = (
        "(s => s.getBoundingClientRect().width / s.viewBox.baseVal.width)"
        "(document.querySelector('svg'))"
    )
    assert tab.evaluate(drawn) * 14 >= 10
    assert (
        tab.evaluate(
            "Math.min(...[...document.querySelectorAll('nav a')]"
            ".map(a => a.getBoundingClientRect().height))"
        )
        >= 24
    )


def test_words_and_ground_differ_enough_to_be_read(tab: Tab, page: str) -> None:
    """The contrast that WCAG 2 asks of text (AA), for every colour of the page."""
    script = """(() => {
      const light = c => { c /= 255; return c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4 };
      const of = s => { const [r, g, b] = s.match(/[\\d.]+/g).map(Number);
        return .2126 * light(r) + .7152 * light(g) + .0722 * light(b) };
      const ground = e => { for (; e; e = e.parentElement) {
        const c = getComputedStyle(e).backgroundColor; if (!/, 0\\)$/.test(c)) return c }
        return 'rgb(255,255,255)' };
      let worst = 99;
      for (const e of document.querySelectorAll('body *:not(svg *):not(svg)')) {
        if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
        const a = of(getComputedStyle(e).color), b = of(ground(e));
        worst = Math.min(worst, (Math.max(a, b) + .05) / (Math.min(a, b) + .05));
      }
      return worst })()"""
    for dark in (False, True):
        tab.show(page, *DESK, dark=dark)
        assert tab.evaluate(script) >= 4.5


def test_on_paper_all_the_nix_is_there(tab: Tab, page: str) -> None:
    tab.show(page, 800, 1000, media="print")
    cut = (
        "[...document.querySelectorAll('pre')].filter(p => p.clientHeight < 100"
        " || p.scrollHeight > p.clientHeight + 2 || p.scrollWidth > p.clientWidth + 2).length"
    )
    assert tab.evaluate(cut) == 0
    assert tab.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"


def test_a_page_that_does_load_something_is_found_out(tab: Tab, tmp_path: Path) -> None:
    """The test of the tests: a request and an error are seen."""
    with closing(socket.socket()) as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(20)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/spy.png"

        def answer() -> None:
            other, _ = server.accept()
            with other:
                other.recv(1000)
                other.sendall(b"HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        bad = tmp_path / "bad.html"
        bad.write_text(f"<img src='{address}'><script>console.error('oh')</script>")
        tab.show(bad.as_uri(), *DESK)
        thread.join()
    assert address in tab.requests
    assert any("oh" in words for words in tab.complaints)


def test_the_policy_stops_what_should_not_be_there(tab: Tab, page: str, tmp_path: Path) -> None:
    text = Path(page.removeprefix("file://")).read_text()
    bad = tmp_path / "bad.html"
    extra = "<script>document.title = 'owned'</script><p style='position:fixed' id='late'>x</p>"
    bad.write_text(text.replace("</main>", f"{extra}</main>"))
    tab.show(bad.as_uri(), *DESK)
    assert tab.evaluate("document.title") != "owned"
    assert tab.evaluate("getComputedStyle(document.getElementById('late')).position") == "static"
    assert len(tab.complaints) >= 2
