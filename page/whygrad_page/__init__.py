"""The web page of whygrad as files: the engine, Pyodide, python-flint and fonts, to be served by any host."""

from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "static"
"""The built page; ``index.html`` is in it."""
