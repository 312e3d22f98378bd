"""How soon the page is there and how fast it follows: python benchmarks/page.py [--write FILE]

Medians: first paint, engine ready on a fresh and a second visit, keystroke to derivation; transfer sizes.
Times are of the machine it runs on; its load is printed beside them.
"""

from __future__ import annotations

import argparse
import gzip
import os
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tools")]

from playwright.sync_api import sync_playwright  # noqa: E402

import browser as browsers  # noqa: E402
import page as builder  # noqa: E402
from whygrad import costs  # noqa: E402
from whygrad.page import server  # noqa: E402

VISITS = 3
KEYS = 15
TYPED = {
    "logistic": ("logistic", " # "),
    "two-layer network": ("network-sigmoid", " # "),
}


def measure(address: str, opened: Any) -> list[tuple[str, float, str]]:
    rows: list[tuple[str, float, str]] = []
    paints, cold, warm = [], [], []
    for _ in range(VISITS):
        context = opened.new_context(viewport={"width": 1280, "height": 900})
        for ready in (cold, warm):
            tab = context.new_page()
            began = time.perf_counter()
            tab.goto(address)
            tab.wait_for_selector("#engine[data-stage=ready]", timeout=120_000)
            ready.append(time.perf_counter() - began)
            if ready is cold:
                paint = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
                paints.append(tab.evaluate(paint))
                tab.evaluate("navigator.serviceWorker.ready.then(() => true)")
            tab.close()
        context.close()
    rows.append(("first paint, fresh profile", statistics.median(paints), "ms"))
    rows.append(("engine ready, fresh profile", 1000 * statistics.median(cold), "ms"))
    rows.append(("engine ready, second visit", 1000 * statistics.median(warm), "ms"))
    context = opened.new_context(viewport={"width": 1280, "height": 900}, service_workers="block")
    tab = context.new_page()
    tab.goto(address)
    tab.wait_for_selector("#engine[data-stage=ready]", timeout=120_000)
    for name, (cost, added) in TYPED.items():
        rows.append((f"keystroke to derivation, {name}", typed(tab, costs.text(cost), added), "ms"))
    context.close()
    return rows


def typed(tab: Any, text: str, added: str) -> float:
    """From the input event to the new derivation on the page, the wait for a pause in typing included.

    Each keystroke gives a text that was not seen before: a constant factor of the cost changes.
    """
    found: list[float] = []
    for n in range(KEYS):
        name, _, body = text.rstrip().rpartition("= ")
        tab.evaluate(
            """text => new Promise(done => {
              const sheet = document.getElementById('sheet');
              const area = document.getElementById('cost-text');
              window.began = performance.now();
              const seen = new MutationObserver(() => {
                if (sheet.hasAttribute('aria-busy')) return;
                seen.disconnect();
                requestAnimationFrame(() => { window.took = performance.now() - window.began; done(0); });
              });
              area.value = text;
              area.dispatchEvent(new Event('input'));
              seen.observe(sheet, {attributes: true, attributeFilter: ['aria-busy']});
            })""",
            f"{name}= {n + 2} {body}{added}",
        )
        found.append(tab.evaluate("window.took"))
    return statistics.median(found[2:])


def sizes(folder: Path) -> list[tuple[str, float, str]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    first = [path for path in files if "mathlive" not in path.parts and "editor" not in path.name]
    packed = sum(len(gzip.compress(path.read_bytes(), 6)) for path in first)
    html = len(gzip.compress((folder / "index.html").read_bytes()))
    return [
        ("transfer of a first visit, as a host compresses it", packed / 1e6, "MB"),
        ("of it before the first paint (HTML)", html / 1e3, "kB"),
        ("the whole folder", sum(path.stat().st_size for path in files) / 1e6, "MB"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    folder = builder.ensure()
    found: list[str] = []
    rows: list[tuple[str, float, str]] = []

    def until(running: server.Server) -> None:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        with sync_playwright() as driver:
            opened = driver.chromium.launch(executable_path=browsers.find(), args=browsers.flags())
            rows.extend(measure(found[0], opened))
            opened.close()
        running.shutdown()

    before = os.getloadavg()[0]
    server.serve(lambda: folder, 0, started=found.append, until=until)
    rows += sizes(folder)
    lines = [
        "| what | median |",
        "|---|---|",
        *(f"| {what} | {value:.3g} {unit} |" for what, value, unit in rows),
    ]
    said = f"{os.cpu_count()} processors, load {before:.1f} before and {os.getloadavg()[0]:.1f} after."
    text = "\n".join([*lines, "", said, ""])
    print(text)
    if options.write:
        options.write.write_text("# The page in figures\n\n`python benchmarks/page.py`\n\n" + text)


if __name__ == "__main__":
    main()
