"""What a file says about a function before anything of it is run: signature, imports, docstring, comments."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from whygrad.core.errors import UsageError

FRAMEWORKS = ("torch", "jax", "xgboost", "lightgbm", "catboost")


@dataclass(frozen=True)
class Function:
    """One function, or one autograd function, as it is written."""

    path: Path
    name: str
    line: int
    arguments: tuple[str, ...]
    required: int
    """How many arguments have no default."""
    text: str
    imports: frozenset[str]
    autograd: bool = False

    @property
    def words(self) -> str:
        """Docstring and comments."""
        found = re.findall(r'"""(.*?)"""|\'\'\'(.*?)\'\'\'|#([^\n]*)', self.text, re.DOTALL)
        return " ".join(part for row in found for part in row if part).lower()


def read_source(path: Path) -> tuple[str, ast.Module]:
    """A file's text and tree.

    Raises
    ------
    UsageError
        If it is not there, or no Python.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("error/no-file", f"{path} cannot be read: {error}", fix="check the path") from None
    try:
        return text, ast.parse(text)
    except SyntaxError as error:
        raise UsageError(
            "error/usage", f"{path} is not Python: line {error.lineno}: {error.msg}", fix="name a Python file"
        ) from None


def functions_of(path: Path) -> list[Function]:
    """Every function and autograd function of a file, in order."""
    text, tree = read_source(path)
    imports = frozenset(_imports(tree))
    found: list[Function] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            found.append(_function(path, text, node, node.name, imports))
        elif isinstance(node, ast.ClassDef):
            methods = {n.name: n for n in node.body if isinstance(n, ast.FunctionDef)}
            if "forward" in methods and "backward" in methods:
                inner = _function(path, text, methods["forward"], node.name, imports)
                own = ast.get_source_segment(text, node) or ""
                arguments = inner.arguments
                if arguments[:1] == ("ctx",) or "setup_context" not in methods:
                    arguments = arguments[1:]
                found.append(
                    Function(path, node.name, node.lineno, arguments, len(arguments), own, imports, True)
                )
    return found


def _imports(tree: ast.Module) -> list[str]:
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [a.name.split(".")[0] for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module.split(".")[0])
    return found


def _function(path: Path, text: str, node: ast.FunctionDef, name: str, imports: frozenset[str]) -> Function:
    a = node.args
    arguments = tuple(x.arg for x in (*a.posonlyargs, *a.args, *a.kwonlyargs))
    own = ast.get_source_segment(text, node) or ""
    required = len(a.posonlyargs) + len(a.args) - len(a.defaults)
    return Function(path, name, node.lineno, arguments, required, own, imports)


def find_function(where: str) -> Function:
    """``FILE.py:FUNCTION``.

    Raises
    ------
    UsageError
        If it names no function of the file; the error lists those that are there.
    """
    file, colon, name = where.rpartition(":")
    if not colon or not file or "/" in name or "\\" in name:
        file, name = where, ""
    functions = functions_of(Path(file))
    for f in functions:
        if f.name == name:
            return f
    listed = ", ".join(f"{f.name} (line {f.line})" for f in functions) or "none"
    said = f"there is no function {name!r} in {file}" if name else f"which function of {file}?"
    example = functions[0].name if functions else "FUNCTION"
    raise UsageError(
        "error/usage",
        f"{said} It has: {listed}",
        fix=f"whygrad audit {file}:{example} --cost COST; auditing imports the file, which runs it",
    )
