"""The page in a real browser: what a learner does with it, and what nobody should be able to do to it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from whygrad import api, costs
from whygrad.backends.numpy_backend import compile_numpy
from whygrad.train.written import Written

pytestmark = pytest.mark.slow
PATIENCE_MS = 60_000
CSV = "x1,x2,y\n0.5,1.5,0\n1,1,0\n1.5,0.5,0\n3,0.5,1\n2,2,1\n1,2.5,1\n2,0.2,1\n2.2,2.1,0\n"
SUBSTITUTION = r"""\frac{\partial L}{\partial w} = -y \frac{e^{-z}}{1+e^{-z}} x + (1-y)\frac{1}{1+e^{-z}} x
= \frac{-y e^{-z} + 1 - y}{1+e^{-z}} x
= \left(\frac{1}{1+e^{-z}} - y\right) x
= (f - y) x"""
CONTEXT = r"""f = \frac{1}{1+e^{-z}}
z = wx + b
L = -y \ln f - (1-y)\ln(1-f)"""
REGULARISER = r"""\frac{\partial}{\partial w_j} \frac{\lambda}{2m}\sum_{k=1}^{n} w_k^2
= \frac{\lambda}{2m} \sum_{k=1}^{n} 2 w_k \frac{\partial w_k}{\partial w_j}
= \frac{\lambda}{m} \sum_{k=1}^{n} w_j
= \frac{n\lambda}{m} w_j"""


class Reader:
    """A page that is open, with what went wrong on it and what it asked for."""

    def __init__(self, context: Any, address: str) -> None:
        self.page, self.address = context.new_page(), address
        self.errors: list[str] = []
        self.asked: list[str] = []
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)
        self.page.on("dialog", lambda dialog: self.errors.append(f"a dialog: {dialog.message}"))
        context.on("request", lambda request: self.asked.append(request.url))

    def ready(self) -> None:
        self.page.wait_for_selector("#engine[data-stage=ready]", state="attached")

    def settled(self, where: str = "#sheet") -> None:
        self.page.wait_for_selector(f"{where}:not([aria-busy])")

    def tab(self, name: str) -> None:
        self.page.click(f"#tab-{name}")

    def derive(self, text: str) -> None:
        self.tab("derive")
        self.page.fill("#cost-text", text)
        self.settled()


@pytest.fixture(scope="module")
def reader(browser: Any, site: str) -> Iterator[Reader]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, service_workers="block")
    found = Reader(context, site)
    found.page.goto(site)
    # Before there is an engine the derivation stands there, as text of the page itself.
    assert "from above" in found.page.inner_text("#sheet")
    assert found.page.locator("#sheet math").count() > 30
    found.ready()
    yield found
    context.close()
    assert not found.errors
    away = [address for address in found.asked if not address.startswith((site, "blob:", "data:"))]
    assert not away, "requests off the origin"


def plain(text: str) -> str:
    return re.sub(r"[\s\u2061-\u2064]+", "", text)


def test_the_logistic_cost_is_derived_and_opens(reader: Reader) -> None:
    page = reader.page
    reader.derive(costs.text("logistic"))
    shown = plain(page.inner_text("#sheet"))
    made = api.document(api.derive("logistic"), folded=False)
    reasons = [p for b in made.blocks for r in getattr(b, "rows", ()) for p in getattr(r, "reason", ())]
    said = [part for part in reasons if isinstance(part, str)]
    assert len(said) > 10
    assert all(plain(part) in shown for part in said)
    assert "Proved." in page.inner_text("#sheet")
    row = page.locator('[data-row="chain.4.3"]')
    assert page.locator('[data-row="chain.4.4"] .changed').count() == 1, "the changed term is marked"
    opener = row.locator(".why")
    opener.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".inside .row")
    assert page.locator(".inside .row").count() >= 2
    assert page.evaluate("document.activeElement.className") == "why", "the keyboard stays where it was"
    page.locator(".inside .rule").first.click()
    page.wait_for_selector("#panel:not([hidden])")
    assert "Source:" in page.inner_text("#panel")
    page.keyboard.press("Escape")
    assert page.locator("#panel").is_hidden()


def test_a_term_shows_where_it_came_from(reader: Reader) -> None:
    page = reader.page
    reader.derive(costs.text("logistic"))
    page.evaluate(
        """[...document.querySelectorAll('[data-row="chain.4.3"] .right [data-part]')]
        .find(part => part.textContent === 'xij').id = 'chosen'"""
    )
    term = page.locator("#chosen")
    term.hover()
    assert page.locator("#sheet .from").count() > 0
    assert "line above" in page.inner_text("#term-strip")
    page.evaluate(
        """[...document.querySelectorAll('[data-row="chain.4.3"] .right [data-part]')]
        .find(part => part.textContent === 'fi').id = 'defined'"""
    )
    page.click("#defined")
    page.wait_for_selector("#panel:not([hidden])")
    page.locator("#panel-body button", has_text="why is").first.click()
    page.wait_for_selector("#panel .rows")
    page.click("#panel-close")


def test_a_cost_of_ones_own_in_plain_text_and_in_latex(reader: Reader) -> None:
    page = reader.page
    reader.derive("data x[i], y[i]\nparam a, c\nJ = sum_i (a exp(-c x[i]) - y[i])^2")
    assert page.locator(".result").count() == 2
    assert page.locator("#sheet .callout.proved").count() == 1
    reader.derive(r"J(w) = \frac{1}{2m}\sum_{i=1}^{m} (w x^{(i)} - y^{(i)})^2")
    assert page.locator("#cost-problem .failure").count() == 0
    assert "wxi" in plain(page.text_content("#sheet"))
    page.locator("#choices label", has_text="backprop").click()
    reader.settled()
    assert "backpropagation" in page.inner_text("#sheet")


def test_a_mistake_in_a_cost_is_shown_in_its_place(reader: Reader) -> None:
    page = reader.page
    reader.derive("param w\nJ = (w - 3")
    page.wait_for_selector("#cost-problem .failure")
    said = page.inner_text("#cost-problem")
    assert "Fix:" in said
    assert page.locator("#cost-problem mark").count() == 1
    reader.derive("param w\nJ = (w - 3)^2")
    assert page.locator("#cost-problem .failure").count() == 0


def check(reader: Reader, text: str, context: str = "", own: bool = False) -> None:
    page = reader.page
    reader.tab("check")
    page.set_checked("#own", own)
    if not page.locator("#context").is_visible():
        page.locator("summary", has_text="What the names are").click()
    page.fill("#context", context)
    page.fill("#lines", text)
    reader.settled("#verdicts")


def test_the_threads_substitution_is_right_in_every_line(reader: Reader) -> None:
    check(reader, SUBSTITUTION, CONTEXT)
    assert "Every line is right." in reader.page.inner_text("#verdicts")
    assert reader.page.locator(".checked.equal").count() == 4


def test_the_regulariser_s_first_wrong_line_is_named(reader: Reader) -> None:
    page = reader.page
    check(reader, REGULARISER)
    wrong = page.locator(".first-wrong")
    assert wrong.count() == 1
    assert "WRONG" in wrong.inner_text()
    lines = page.locator(".checked").all_inner_texts()
    assert [k for k, line in enumerate(lines, 1) if "WRONG" in line] == [3]
    assert page.locator(".help .callout.hint").count() == 1
    assert page.locator(".help .formula").count() == 0, "the correction waits until it is asked for"
    page.locator("button", has_text="What is wrong?").click()
    assert page.locator(".help .callout.fact, .help .callout.mistake").count() >= 1
    page.locator("button", has_text="Show the correction").click()
    assert page.locator(".help .formula").count() == 1


def test_a_picture_stands_beside_the_lines(reader: Reader, tmp_path: Path) -> None:
    page = reader.page
    reader.tab("check")
    picture = Path(__file__).resolve().parents[2] / "docs" / "gallery" / "logistic-slides.png"
    page.set_input_files("#picture-file", str(picture))
    page.wait_for_selector("#picture img")
    wide = page.locator("#picture img").bounding_box()["width"]
    page.locator("#picture button[aria-label=larger]").click()
    assert page.locator("#picture img").bounding_box()["width"] > 1.2 * wide
    page.locator("#picture button", has_text="Remove").click()
    assert page.locator("#picture img").count() == 0


def test_the_gradient_follows_a_slider(reader: Reader) -> None:
    page = reader.page
    reader.derive(costs.text("logistic"))
    reader.tab("circuit")
    page.wait_for_selector("#drawing svg")
    for name, value in {"w": "1.5", "b": "-0.25", "x": "0.8", "y": "0"}.items():
        page.fill(f'input[type=text][data-at="{name}"]', value)
        page.press(f'input[type=text][data-at="{name}"]', "Enter")
    page.locator("#at-w").focus()
    page.keyboard.press("ArrowRight")
    w = float(page.input_value("#at-w"))
    assert w != 1.5
    reader.settled("#drawing")
    cost = api.load_cost("logistic")
    arrays = {"w": [w], "b": -0.25, "x": [[0.8]], "y": [0.0]}
    judge = compile_numpy(Written(cost).program)(arrays, {"m": 1, "n": 1})
    shown = page.locator("[data-result]").all_inner_texts()
    numbers = [float(text.split("=")[-1].replace("−", "-")) for text in shown]
    assert numbers == pytest.approx([float(judge["dJ_dw"][0]), float(judge["dJ_db"])], rel=2e-3)
    page.check("#numbered")
    reader.settled("#drawing")
    page.click("#step-on")
    assert page.locator("#drawing .later").count() > page.locator("#drawing .now").count() > 0


def test_descent_runs_on_a_dropped_table(reader: Reader, tmp_path: Path) -> None:
    page = reader.page
    reader.derive(costs.text("logistic"))
    reader.tab("play")
    table = tmp_path / "own.csv"
    table.write_text(CSV)
    page.set_input_files("#file", str(table))
    page.fill("#steps", "50")
    page.press("#steps", "Enter")
    page.fill("#rate-text", "0.5")
    page.press("#rate-text", "Enter")
    page.wait_for_selector("#plots svg >> nth=2")
    page.evaluate("document.querySelector('#time').value = '50'")
    page.dispatch_event("#time", "input")
    page.wait_for_selector("#play-said:has-text('After 50 updates')")
    rows = [[float(cell) for cell in line.split(",")] for line in CSV.splitlines()[1:]]
    fitted = api.fit(api.load_cost("logistic"), str(table), method="gd", rate="0.5", steps=50)
    assert float(page.get_attribute("#play-said", "data-cost")) == pytest.approx(fitted.objective, rel=1e-9)
    assert len(rows) == 8
    said = page.inner_text("#rate-said")
    assert "converges for certain" in said
    assert "below it" in said
    page.fill("#rate-text", "60")
    page.press("#rate-text", "Enter")
    page.wait_for_selector("#rate-said.above")
    table.write_text("a,b\n1,x\n")
    page.set_input_files("#file", str(table))
    page.wait_for_selector("#play-problem .failure")
    assert "line 2, column b" in page.inner_text("#play-problem")


HOSTILE = (
    '<img src=x onerror="alert(1)">',
    "param w\nJ = (w - 1)^2 # </script><script>alert(1)</script>",
    'data "><svg/onload=alert(1)>\nJ = 1',
    r"J = \text{<img src=x onerror=alert(1)>} w^2",
    r"J = \href{javascript:alert(1)}{w}^2",
    "J = " + "(" * 5000 + "w" + ")" * 5000,
    "J = w" + " + w" * 1200,
    "J = " + "w" * 64000,
    "J = " + "\\frac{1}{" * 2000 + "w" + "}" * 2000,
    "\u202eJ = w^2\u0000\ufffe",
)


def test_hostile_texts_do_no_harm(reader: Reader) -> None:
    page = reader.page
    for text in HOSTILE:
        reader.derive(text)
        check(reader, text)
    assert page.evaluate("document.querySelectorAll('img, script:not([src])').length") == 0
    reader.derive("param w\nJ = (w - 3)^2")
    assert page.locator("#sheet .callout.proved").count() == 1, "the engine still answers"
    reader.tab("derive")
    page.fill("#cost-text", "x" * 70_000)
    assert "64 kB" in page.inner_text("#said")
    refused = page.evaluate(
        "(() => { try { document.body.insertAdjacentHTML('beforeend', '<b>x</b>'); return false }"
        " catch { return true } })()"
    )
    assert refused, "the page's policy lets nothing become markup"
    reader.errors[:] = [text for text in reader.errors if "TrustedHTML" not in text]


def test_a_link_holds_the_whole_state(reader: Reader, browser: Any, site: str) -> None:
    page = reader.page
    reader.derive("param w\nJ = (w - 7)^2")
    page.locator("#choices label", has_text="brief").click()
    reader.settled()
    page.wait_for_timeout(500)
    link = page.evaluate("location.href")
    assert "#1." in link
    context = browser.new_context(service_workers="block")
    other = Reader(context, site)
    other.page.goto(link)
    other.ready()
    other.settled()
    assert other.page.input_value("#cost-text") == "param w\nJ = (w - 7)^2"
    assert other.page.is_checked("#choice-Detail-brief")
    assert "7" in other.page.inner_text(".results")
    embed = link.replace("#", "?embed#")
    other.page.goto("about:blank")
    other.page.goto(embed)
    other.ready()
    assert other.page.locator(".top").is_hidden()
    assert other.page.locator("#sheet").is_visible()
    other.page.goto("about:blank")
    other.page.goto(site + "#1.not-a-state")
    other.page.wait_for_selector("#said:has-text('cannot be read')")
    assert not other.errors
    context.close()


def test_it_works_without_a_network_after_the_first_visit(browser: Any, site: str) -> None:
    context = browser.new_context()
    first = Reader(context, site)
    first.page.goto(site)
    first.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    context.set_offline(True)
    first.page.reload()
    first.ready()
    first.derive("param w\nJ = (w - 5)^2")
    assert first.page.locator("#sheet .callout.proved").count() == 1
    first.tab("play")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_in_anyones_way(reader: Reader, tools: Path, scheme: str) -> None:
    """axe, the accessibility checker, finds nothing on any pane, in either scheme, on a phone or a desk."""
    page = reader.page
    page.emulate_media(color_scheme=scheme)
    source = (tools / "npm" / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    page.evaluate(source + "; 0")
    check(reader, REGULARISER)
    found: list[str] = []
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        reader.derive(costs.text("logistic"))
        for name in ("derive", "check", "circuit", "play"):
            reader.tab(name)
            page.wait_for_timeout(400)
            told = page.evaluate(
                "axe.run(document, {resultTypes: ['violations'], iframes: false}).then(r => JSON.stringify("
                "r.violations.map(v => [v.id, v.nodes.slice(0, 3).map(n => n.html.slice(0, 160))])))"
            )
            found += [f"{width} {name}: {one}" for one in json.loads(told)]
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{name} is wider than a window of {width}"
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light")
    assert not found, "\n".join(found)
