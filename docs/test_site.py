"""The built site in a real browser. `make test-site` builds it first; pictures are left in build/screenshots."""

import re
import shutil
import threading
from functools import cache, partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import sync_playwright

from shiftmath.interpolant import Interpolant
from shiftmath.kernels import Convolutional, FullyConnected

SITE = Path(__file__).resolve().parents[1] / "build" / "site"
PICTURES = SITE.parent / "screenshots"
PAGES = sorted(str(p.relative_to(SITE)) for p in SITE.rglob("*.html") if p.parts[len(SITE.parts)] != "explorer")
WIDTHS = {"desk": 1280, "phone": 390}
MEGABYTES = 60

TYPESET = """async () => {
  const written = [...document.querySelectorAll(".math")];
  if (written.length) await MathJax.startup.promise;
  return {
    written: written.length,
    bare: written.filter(m => !m.querySelector("mjx-container svg")).map(m => m.textContent),
    wrong: [...document.querySelectorAll("[data-mml-node=merror], mjx-merror")].map(m => m.textContent),
  };
}"""
IMAGES = """async () => {
  const all = [...document.querySelectorAll("article img")];
  await Promise.all(all.map(i => { i.loading = "eager"; return i.decode().catch(() => null); }));
  return all.map(i => ({width: i.naturalWidth, alt: i.alt, source: i.src}));
}"""
# Text that a reader sees, without formulas that are set and without code that was written as code.
TEXT = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), seen = [];
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    const code = e.closest("code, .highlight, .sig") && !e.closest(".cell_output");
    if (!code && !e.closest("script, style, noscript, mjx-container, template")) seen.push(walker.currentNode.data);
  }
  return seen.join(" ");
}"""
DRAWN = """() => [...document.querySelectorAll(".turning canvas")].map(c => c.toDataURL()).join(" ")"""
WIDE = """() => document.documentElement.scrollWidth - document.documentElement.clientWidth"""
TEX = re.compile(r"\$|\\[A-Za-z]{2,}|\\[(\[]|[_^]\{")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def address():
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=SITE))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="session")
def browser():
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert chromium, "no chromium: on Debian or Ubuntu, apt-get install chromium"
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser):
    """A page that writes down what goes wrong on it, and where it asks."""
    context = browser.new_context(viewport={"width": WIDTHS["desk"], "height": 900})
    opened = context.new_page()
    opened.wrong, opened.asked = [], []
    opened.on("console", lambda m: opened.wrong.append(m.text) if m.type in ("error", "warning") else None)
    opened.on("pageerror", lambda e: opened.wrong.append(str(e)))
    opened.on("requestfailed", lambda r: opened.wrong.append(f"{r.url}: {r.failure}"))
    opened.on("response", lambda r: opened.wrong.append(f"{r.url}: {r.status}") if r.status >= 400 else None)
    opened.on("request", lambda r: opened.asked.append(r.url))
    yield opened
    context.close()


def hosts(page):
    return {urlsplit(url).netloc for url in page.asked if not url.startswith(("data:", "blob:"))}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_whole_and_asks_no_other_host(name, page, address):
    page.goto(f"{address}/{name}", wait_until="load")
    formulas, images = page.evaluate(TYPESET), page.evaluate(IMAGES)
    assert (formulas["bare"], formulas["wrong"]) == ([], [])
    assert [i["source"] for i in images if not i["width"] or len(i["alt"]) < 40] == []
    text = page.evaluate(TEXT)
    assert [text[max(m.start() - 40, 0) : m.end() + 40] for m in TEX.finditer(text)] == []
    for device, width in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=PICTURES / f"{name.replace('/', '-').removesuffix('.html')}-{device}.png")
        assert page.evaluate(WIDE) == 0, device
    assert (page.wrong, hosts(page)) == ([], {address.removeprefix("http://")})


def test_there_are_pages_with_formulas_and_images(page, address):
    page.goto(f"{address}/{next(p for p in PAGES if p.startswith('notebooks/01'))}")
    assert page.evaluate(TYPESET)["written"] > 50
    assert len(page.evaluate(IMAGES)) == 4


def test_a_formula_that_cannot_be_read_is_seen(page, address):
    page.goto(f"{address}/notation.html")
    page.evaluate("document.querySelector('article').innerHTML += ' \\\\\\\\(a $ \\\\\\\\rho\\\\\\\\)'")
    assert TEX.search(page.evaluate(TEXT))


@pytest.mark.parametrize("words", ["DC component", "price_of_invariance"])
def test_search_finds(words, page, address):
    page.goto(f"{address}/search.html?q={words.replace(' ', '+')}")
    page.wait_for_selector("#search-results li a", timeout=20_000)
    page.wait_for_selector("#search-results .context")
    page.wait_for_timeout(1000)  # what was found comes one by one
    found = page.eval_on_selector_all("#search-results li a", "links => links.map(a => a.getAttribute('href'))")
    page.screenshot(path=PICTURES / f"search-{words.split()[0]}.png")
    assert any(("01_" if " " in words else "api/price") in link for link in found)
    assert not TEX.search(page.evaluate(TEXT))
    assert (page.wrong, hosts(page)) == ([], {address.removeprefix("http://")})


@pytest.mark.parametrize(
    "name", ["index.html", "claims.html", "notebooks/01_a_shift_invariant_margin_is_a_dc_gap.html"]
)
def test_it_is_dark_where_the_reader_wants_it(name, page, address):
    page.emulate_media(color_scheme="dark")
    page.goto(f"{address}/{name}")
    page.evaluate(TYPESET)
    page.screenshot(path=PICTURES / f"dark-{Path(name).stem[:8]}.png")
    red, green, blue = map(
        int, re.findall(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor"))[:3]
    )
    assert max(red, green, blue) < 64


def test_curves_in_space_turn_by_the_keyboard_and_by_dragging(page, address):
    page.goto(f"{address}/{next(p for p in PAGES if p.startswith('notebooks/17'))}")
    box, state = page.locator(".turning"), lambda: (box.get_attribute("data-angles"), page.evaluate(DRAWN))
    assert page.locator(".turning canvas").count() == 4
    first = state()
    seen = {first}
    box.focus()
    for key in ("ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
        seen.add(state())
    box.scroll_into_view_if_needed()
    place = box.bounding_box()
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 50, y, steps=5)
    page.mouse.up()
    seen.add(state())
    assert len({angles for angles, _ in seen}) == len({drawn for _, drawn in seen}) == 4
    page.screenshot(path=PICTURES / "turned.png")
    page.keyboard.press("Home")
    assert state() == first
    assert page.wrong == []


# How large letters are on the screen, and what sticks out of the picture or lies on other words.
GRAPH = """() => {
  const place = (t) => [t.textContent, t.getBoundingClientRect()];
  const texts = [...document.querySelectorAll("svg.claims text")].map(place);
  const frame = document.querySelector("svg.claims").getBoundingClientRect();
  const over = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom - 3 && b.top < a.bottom - 3;
  return {
    least: Math.min(...texts.map(([, r]) => r.height)), count: texts.length,
    outside: texts.filter(([, r]) => r.right > frame.right + 1 || r.left < frame.left - 1).map(([t]) => t),
    over: texts.flatMap(([t, a], i) => texts.slice(i + 1).filter(([, b]) => over(a, b)).map(([u]) => [t, u])),
  };
}"""
# The contrast of what is drawn with the page behind it, as WCAG 2 defines it: 3 for shapes, 4.5 for words.
CONTRAST = """(selector) => {
  const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const style = getComputedStyle(document.querySelector(selector));
  const behind = light(getComputedStyle(document.body).backgroundColor);
  const drawn = light(style.fill === "none" ? style.stroke : style.fill);
  return (Math.max(drawn, behind) + 0.05) / (Math.min(drawn, behind) + 0.05);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", WIDTHS)
def test_the_graph_of_claims_is_legible(device, scheme, page, address):
    page.set_viewport_size({"width": WIDTHS[device], "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{address}/claims.html")
    graph = page.evaluate(GRAPH)
    assert graph["count"] > 17
    assert graph["least"] >= 11
    assert (graph["outside"], graph["over"]) == ([], [])
    least = {"text": 4.5, "path.lane": 3, "circle.needs": 3, ".start": 3}
    assert {k: c for k, least in least.items() if (c := page.evaluate(CONTRAST, f"svg.claims {k}")) < least} == {}
    page.locator("svg.claims").screenshot(path=PICTURES / f"graph-{device}-{scheme}.png")


def test_the_graph_of_claims_leads_to_pages_and_claims_by_the_keyboard(page, address):
    page.goto(f"{address}/claims.html")
    page.focus("svg.claims a.to-03")
    fourth = "getComputedStyle(document.querySelector('.lane.of-04')).opacity"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#claims-03"
    assert page.evaluate(fourth) == "1"
    page.keyboard.press("Shift+Tab")
    assert float(page.evaluate(fourth)) < 0.5  # the page needs 02 and is needed; line 04 steps back
    assert page.evaluate("getComputedStyle(document.querySelector('.lane.of-02')).opacity") == "1"
    page.keyboard.press("Enter")
    page.wait_for_url("**/notebooks/03_*.html")
    assert page.wrong == []


def test_it_opens_from_the_file_system(page):
    page.goto(f"{(SITE / 'notation.html').as_uri()}")
    assert page.evaluate(TYPESET)["bare"] == []
    assert (page.wrong, hosts(page)) == ([], {""})


with_explorer = pytest.mark.skipif(
    not (SITE / "explorer" / "index.html").exists(), reason="made by `make explorer`, and not there"
)


@with_explorer
def test_the_explorer_opens_and_fits(page, address):
    page.goto(f"{address}/explorer/index.html")
    page.wait_for_timeout(1000)
    for device, width in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=PICTURES / f"explorer-{device}.png")
        assert page.evaluate(WIDE) == 0, device
    assert (page.wrong, hosts(page)) == ([], {address.removeprefix("http://")})


@with_explorer
def test_sliders_move_by_the_keyboard_and_numbers_follow(page, address):
    page.goto(f"{address}/explorer/index.html")
    for slider, key, size, depth in (("size", "ArrowLeft", 7, 1), ("depth", "ArrowRight", 7, 2)):
        page.focus(f"#{slider}")
        page.keyboard.press(key)
        done = "JSON.parse(document.body.dataset.done || '{}')"
        page.wait_for_function(f"{done}.k === {size} && {done}.depth === {depth}")
        x = np.eye(1, size * size).reshape(size, size)
        for name, kernel in (("dense", FullyConnected(depth)), ("pooled", Convolutional(depth))):
            distance = Interpolant(kernel, np.stack([x, -x]), [1, -1]).distance(x, restarts=2)
            *before, shown, kind = page.inner_text(f"#{name} .number").split()
            exact = distance.lower == distance.upper
            assert (before, kind) == (([], "exact") if exact else (["at", "most"], "found"))
            # Four digits are shown; two searches from other starts need not end in the same ones.
            assert float(shown) == pytest.approx(distance.upper, rel=5e-4 if exact else 2e-2), (name, size, depth)
    assert page.inner_text("#depth-value") == "2 hidden layers"
    assert page.wrong == []


LONG_TASKS = """window.long = [];
const noted = (l) => long.push(...l.getEntries().map((e) => e.duration));
new PerformanceObserver(noted).observe({ entryTypes: ["longtask"] });
"""
# What the number says at each change, from the move of a slider until everything is drawn.
MOVE = """([block, depth, gray, angle]) => new Promise((resolve) => {
  const said = [], number = $("pooled").querySelector(".number");
  const watch = new MutationObserver(() => said.push(number.innerText));
  const wait = () => (document.body.dataset.done ? (watch.disconnect(), resolve(said)) : setTimeout(wait, 10));
  const moved = { size: 12, block, depth, gray, angle };
  long.length = 0;
  delete document.body.dataset.done;
  $("block").max = 5;
  for (const id in moved) $(id).value = moved[id];
  watch.observe(number, { childList: true });
  $("angle").dispatchEvent(new Event("input"));
  wait();
})"""


@with_explorer
@pytest.mark.parametrize("moved", [(5, 4, 0.1, 120), (4, 4, 0, 180), (5, 1, 0.1, 120)], ids=str)
def test_the_explorer_goes_on_listening_while_it_searches(moved, page, address):
    page.add_init_script(LONG_TASKS)
    page.goto(f"{address}/explorer/index.html")
    page.wait_for_function("document.body.dataset.done")
    tries = []
    for _ in range(5):  # other programs make a task long, the page's own work makes it so each time
        said = page.evaluate(MOVE, moved)
        page.wait_for_timeout(100)  # long tasks are reported afterwards
        tries.append(page.evaluate("long"))
        if not tries[-1]:
            break
    assert [] in tries, f"tasks of 50 ms and more: {tries}"
    assert said[0].endswith("so far")
    assert said[-1].endswith("found")
    bounds = [float(words.split()[2]) for words in said]
    assert bounds == sorted(bounds, reverse=True)
    assert page.wrong == []


@with_explorer
def test_a_move_ends_the_search_before_it(page, address):
    page.goto(f"{address}/explorer/index.html")
    page.wait_for_function("document.body.dataset.done")
    page.evaluate("for (const [id, v] of [['size', 12], ['block', 5], ['depth', 4], ['angle', 120]]) $(id).value = v")
    page.evaluate("$('angle').dispatchEvent(new Event('input'))")
    page.evaluate("$('reset').click()")
    page.wait_for_function("document.body.dataset.done && JSON.parse(document.body.dataset.done).k === 8")
    page.wait_for_timeout(1500)  # longer than the search that was ended
    assert page.inner_text("#pooled .number") == "0.125 exact"
    assert page.locator("[aria-busy=true]").count() == 0


class Links(HTMLParser):
    """What a page links to, and the names that can be linked to."""

    def __init__(self):
        super().__init__()
        self.targets, self.names = set(), set()

    def handle_starttag(self, tag, attrs):
        of = dict(attrs)
        self.names |= {of[k] for k in ("id", "name") if of.get(k)}
        if tag == "a" and (target := of.get("href")) and not urlsplit(target).scheme:
            self.targets.add(target)


@cache
def links(path):
    parser = Links()
    parser.feed(path.read_text(encoding="utf-8"))
    return parser


@pytest.mark.parametrize("name", PAGES)
def test_every_link_inside_leads_somewhere(name):
    here = SITE / name
    for target in links(here).targets:
        parts = urlsplit(target)
        path = (here.parent / parts.path).resolve() if parts.path else here
        assert path.is_file(), target
        if parts.fragment and path.suffix == ".html":
            assert parts.fragment in links(path).names, target


def test_the_site_is_small():
    assert PAGES
    assert sum(p.stat().st_size for p in SITE.rglob("*") if p.is_file()) < MEGABYTES * 1e6
