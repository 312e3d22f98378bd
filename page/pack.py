"""Run by build.mjs in Pyodide: packs Python files, compiled, for the page."""

import ast
import json
import pathlib
import py_compile
import re
import struct


def pack(root, keep):
    """The files of a folder in one piece, the Python ones compiled: importing them needs no compiler."""
    index, parts = [], []
    for path in sorted(pathlib.Path(root).rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_dir() or "__pycache__" in name or not keep(name):
            continue
        if name.endswith(".py"):
            mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
            py_compile.compile(
                str(path), "/tmp/one.pyc", name, doraise=True, optimize=2, invalidation_mode=mode
            )
            name, content = name + "c", pathlib.Path("/tmp/one.pyc").read_bytes()
        else:
            content = path.read_bytes()
        index.append((name, len(content)))
        parts.append(content)
    head = json.dumps(index).encode()
    return b"".join([struct.pack("<I", len(head)), head, *parts])


def slim(flint, engine):
    """Let ``import flint`` load the modules that the engine names; each other one costs 20 ms to load."""
    used = set()
    for path in pathlib.Path(engine).rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        used.update(re.findall(r"\bflint\.(\w+)", text))
        for names in re.findall(r"^from flint import (.+)$", text, re.MULTILINE):
            used.update(name.strip() for name in names.split(","))
    file = pathlib.Path(flint, "flint", "__init__.py")
    kept = []
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        names = {alias.name for alias in node.names} if isinstance(node, ast.ImportFrom) else None
        if names is None or names & used or node.level == 0:
            kept.append(node)
    file.write_text(ast.unparse(ast.Module(kept, [])), encoding="utf-8")


def preload():
    """Load what the engine takes from Python's library, before the memory is kept."""
    names = (
        "abc base64 bisect collections.abc contextlib dataclasses decimal difflib enum fractions functools"
        " hashlib heapq html importlib.resources inspect itertools json math operator os pathlib random re"
        " string struct textwrap types typing unicodedata weakref xml.etree.ElementTree zlib"
    )
    for name in names.split():
        __import__(name)
