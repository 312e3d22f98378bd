"""A lesson in a real browser: links that lead somewhere, labels as the browser measures them."""

from __future__ import annotations

from itertools import combinations

import pytest
from costs import COSTS, IDS

import whygrad as wg

pytestmark = pytest.mark.slow


def test_the_index_leads_everywhere(tab, tmp_path):
    pytest.importorskip("nbformat")
    pytest.importorskip("typst")
    wg.lesson("all", "logistic", tmp_path, height=60, fps=2)
    for width in (1280, 390):
        tab.set_viewport_size({"width": width, "height": 800})
        tab.goto((tmp_path / "index.html").as_uri())
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), "wider than its window"
    links = tab.locator("main a").all()
    names = {link.get_attribute("href") for link in links}
    assert names == {path.name for path in tmp_path.iterdir()} - {"index.html"}
    assert all(link.is_visible() for link in links)
    assert tab.locator("main svg").bounding_box()["width"] > 300
    assert tab.locator("math").count() > 3
    tab.get_by_text("The derivation, with steps that open").click()
    tab.locator("details > summary").first.click()
    assert tab.locator("details[open] math").first.is_visible()


@pytest.mark.parametrize("text", [*COSTS, "transformer-block"], ids=[*IDS, "transformer-block"])
def test_labels_as_the_browser_measures_them(text, tab, tmp_path):
    """The drawing measures its letters by its own tables; here another program measures the ink."""
    path = tmp_path / "circuit.svg"
    path.write_bytes(wg.draw(wg.circuit(text), steps=True))
    tab.goto(path.as_uri())
    boxes = tab.evaluate(
        "[...document.querySelectorAll('g[class^=wg-]')].map(g => {const r = g.getBoundingClientRect();"
        "return [g.querySelector('title').textContent, r.left, r.top, r.right, r.bottom]})"
    )
    assert len(boxes) > 10
    for (one, *a), (other, *b) in combinations(boxes, 2):
        apart = a[2] <= b[0] + 0.5 or b[2] <= a[0] + 0.5 or a[3] <= b[1] + 0.5 or b[3] <= a[1] + 0.5
        assert apart, (one, other)
    size = tab.evaluate("[document.documentElement.viewBox.baseVal.width,"
                        "document.documentElement.viewBox.baseVal.height]")  # fmt: skip
    assert all(left >= 0 and top >= 0 and right <= size[0] and bottom <= size[1]
               for _, left, top, right, bottom in boxes)  # fmt: skip


FRONT_END = """async ([code, state]) => {
  const module = await import(URL.createObjectURL(new Blob([code], {type: 'text/javascript'})));
  const waiting = {};
  const model = {
    get: name => state[name],
    set: (name, value) => {
      if (state[name] === value) return;
      state[name] = value;
      (waiting['change:' + name] || []).forEach(call => call());
    },
    save_changes: () => {},
    on: (what, call) => { (waiting[what] ||= []).push(call); },
    off: () => {},
  };
  window.model = model;
  module.default.render({model, el: document.getElementById('here')});
}"""
"""What a notebook gives a widget: a model and a place (anywidget's front-end module)."""


def test_the_explorer_goes_through_every_step(tab):
    pytest.importorskip("anywidget")
    from whygrad.notebook import explore

    widget = explore(wg.derive("logistic"))
    state = {"steps": widget.steps, "words": widget.words, "style": widget.style, "at": 0}
    tab.set_content("<!doctype html><div id='here'></div>")
    tab.evaluate(FRONT_END, [widget._esm, state])
    seen = [tab.locator("#here").inner_text()]
    for _ in widget.steps[1:]:
        tab.get_by_role("button", name="next").click()
        seen.append(tab.locator("#here").inner_text())
    assert tab.evaluate("model.get('at')") == len(widget.steps) - 1
    assert len(set(seen)) == len(widget.steps)
    assert all(step["rule"] in text for step, text in zip(widget.steps, seen, strict=True))
    tab.get_by_role("button", name="back").click()
    assert tab.locator("#here").inner_text() == seen[-2]
    sizes = tab.evaluate(
        "[...document.querySelectorAll('#here math')].map(m => m.getBoundingClientRect().width)"
    )
    assert len(sizes) > 2
    assert min(sizes) > 3
