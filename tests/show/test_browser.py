"""The HTML of a derivation in a real browser: it loads nothing, its formulas are laid out, its steps open."""

from __future__ import annotations

import pytest

import whygrad as wg

TYPED = "data x[i], t[i]\nparam a, c\nr[i] = a exp(-c x[i]) - t[i]\nJ = sum_i r[i]^2"
COSTS = ("logistic", "logistic-l2", "softmax", "network-sigmoid", TYPED)


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390], ids=["wide", "phone"])
@pytest.mark.parametrize("text", COSTS, ids=[*COSTS[:-1], "typed"])
def test_the_page_of_a_derivation(text, width, tab, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(wg.render(wg.document(wg.derive(text)), "html"), encoding="utf-8")
    tab.set_viewport_size({"width": width, "height": 800})
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(path.as_uri())
    assert asked == [path.as_uri()]
    assert tab.locator("main").count() == 1
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
        "the page is wider than its window"
    )
    sizes = tab.evaluate(
        "[...document.querySelectorAll('math')].filter(m => m.checkVisibility())"
        ".map(m => m.getBoundingClientRect()).map(r => [r.width, r.height])"
    )
    assert sizes
    assert all(w > 3 and h > 5 for w, h in sizes), "a formula without ink"
    assert tab.locator("merror").count() == 0
    closed = tab.locator("details:not([open]) > summary").first
    inside = tab.locator("details").first
    before = inside.bounding_box()["height"]
    closed.click()
    assert inside.bounding_box()["height"] > before
