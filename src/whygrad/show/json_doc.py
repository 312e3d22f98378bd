"""Documents as JSON, and back: what a page or a program of another language shows.

``{"format": "whygrad-document", "version": 1, "title", "scope", "blocks", "data"}``; each block has its
``kind``. Running text is a list of strings and expressions (:mod:`whygrad.core.expr_json`; a string
is text, anything else an expression). What has its default value is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, TypeVar, assert_never, cast, get_args

from whygrad.core.cost import Declaration, Definition, Domain, DomainKind, Kind, Scope
from whygrad.core.document import (
    Block,
    Callout,
    Code,
    Document,
    Formula,
    Heading,
    Inline,
    Relation,
    Row,
    Rows,
    Sentence,
    Table,
)
from whygrad.core.errors import Span, UsageError
from whygrad.core.expr import Expr, Index
from whygrad.core.expr_json import Json, expr_from_json, expr_to_json

FORMAT: Final = "whygrad-document"
VERSION: Final = 1
_KINDS: Final = ("proved", "convention", "warning", "hint", "reading", "next", "mistake", "fact")
T = TypeVar("T")


def document_to_json(doc: Document) -> dict[str, Json]:
    """A document as JSON data.

    >>> document_to_json(Document((Sentence(("Done.",)),)))["blocks"]
    [{'kind': 'sentence', 'parts': ['Done.']}]
    """
    return {
        "format": FORMAT,
        "version": VERSION,
        "title": doc.title,
        "scope": _scope(doc.scope),
        "blocks": [_block(block) for block in doc.blocks],
        "data": cast("dict[str, Json]", dict(doc.data)),
    }


def _inline(parts: Inline) -> Json:
    return [expr_to_json(part) if isinstance(part, Expr) else part for part in parts]


def _block(block: Block) -> Json:
    match block:
        case Heading(text, level, aside):
            return _lean("heading", text=_inline(text), level=level, aside=_inline(aside))
        case Sentence(parts):
            return _lean("sentence", parts=_inline(parts))
        case Formula(body):
            return _lean("formula", body=expr_to_json(body))
        case Rows(rows, title, name, numbered):
            lines: Json = [_row(row) for row in rows]
            return _lean("rows", rows=lines, title=_inline(title), id=name, numbered=numbered)
        case Callout(kind, parts):
            return _lean("callout", callout=kind, parts=_inline(parts))
        case Table(header, rows):
            cells: Json = [[_inline(cell) for cell in row] for row in rows]
            return _lean("table", header=[_inline(cell) for cell in header], rows=cells)
        case Code(text, language):
            return _lean("code", text=text, language=language)
        case _:
            assert_never(block)


def _lean(kind: str = "", **fields: Json) -> dict[str, Json]:
    """Without what is empty."""
    head: dict[str, Json] = {"kind": kind} if kind else {}
    return head | {
        key: value for key, value in fields.items() if value or (value == 0 and value is not False)
    }


def _row(row: Row) -> Json:
    found = _lean(
        label=row.label,
        id=row.id,
        reason=_inline(row.reason),
        rule=row.rule,
        changed=[list(path) for path in row.changed],
        verdict=row.verdict,
        evidence=row.evidence,
        details=[_row(inner) for inner in row.details],
        raw=row.raw,
        marked=[list(place) for place in row.marked],
    )
    if row.relation != "=":
        found["relation"] = row.relation
    if row.left is not None:
        found["left"] = expr_to_json(row.left)
    if row.right is not None:
        found["right"] = expr_to_json(row.right)
    return found


def _scope(scope: Scope) -> Json:
    raised: dict[str, Json] = {"raised": list(scope.raised)} if scope.raised else {}
    return {
        "declarations": [_declaration(d) for d in scope.declarations.values()],
        "definitions": [_definition(d) for d in scope.definitions.values()],
        **raised,
    }


def _span(span: Span | None) -> Json:
    return None if span is None else [span.start, span.end]


def _fraction(value: Fraction | None) -> Json:
    return None if value is None else str(Fraction(value))


def _declaration(d: Declaration) -> Json:
    return _lean(
        name=d.name,
        type=d.kind,
        dims=list(d.dims),
        domains=[_domain(domain) for domain in d.domains],
        letters=list(d.letters),
        span=_span(d.span),
        value=_fraction(d.value),
    )


def _domain(d: Domain) -> Json:
    return _lean(
        type=d.kind,
        values=[_fraction(value) for value in d.values],
        low=_fraction(d.low),
        high=_fraction(d.high),
        closed=list(d.closed) if any(d.closed) else [],
        dim=d.dim,
    )


def _definition(d: Definition) -> Json:
    return _lean(
        name=d.name,
        body=expr_to_json(d.body),
        indices=[expr_to_json(index) for index in d.indices],
        dims=list(d.dims),
        parameters=list(d.parameters),
        span=_span(d.span),
    )


def document_from_json(data: Json) -> Document:
    """The document that :func:`document_to_json` wrote.

    Raises
    ------
    UsageError
        If the data is not a document, or of a later version.

    Examples
    --------
    >>> doc = Document((Heading(("Title",)),), title="T")
    >>> document_from_json(document_to_json(doc)) == doc
    True
    """
    top = _Fields(data)
    if top.text("format") != FORMAT or top.get("version") != VERSION:
        raise _malformed(f"{top.get('format')} version {top.get('version')}")
    scope = _Fields(top.get("scope"))
    declarations = scope.items("declarations", _read_declaration)
    definitions = scope.items("definitions", _read_definition)
    more = top.get("data") or {}
    if not isinstance(more, dict):
        raise _malformed("data")
    return Document(
        top.items("blocks", _read_block),
        Scope({d.name: d for d in declarations}, {d.name: d for d in definitions}, scope.texts("raised")),
        top.text("title"),
        more,
    )


def _malformed(what: object) -> UsageError:
    return UsageError(
        "error/usage",
        f"this JSON is not a document of version {VERSION}, at {str(what)[:40]!r}",
        fix="pass what document_to_json wrote",
    )


@dataclass(frozen=True, slots=True)
class _Fields:
    """An object of the data, read field by field; what has another type is refused."""

    data: Json

    def get(self, key: str) -> Json:
        if not isinstance(self.data, dict):
            raise _malformed(self.data)
        return self.data.get(key)

    def text(self, key: str, default: str = "") -> str:
        value = self.get(key)
        if value is None:
            return default
        if not isinstance(value, str):
            raise _malformed(key)
        return value

    def items(self, key: str, read: Callable[[Json], T]) -> tuple[T, ...]:
        value = self.get(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise _malformed(key)
        return tuple(read(item) for item in value)

    def texts(self, key: str) -> tuple[str, ...]:
        return self.items(key, _text)

    def expr(self, key: str) -> Expr | None:
        value = self.get(key)
        return None if value is None else expr_from_json(value)

    def number(self, key: str, default: int) -> int:
        value = self.get(key)
        if value is None:
            return default
        return _integer(value)

    def choice(self, key: str, allowed: tuple[str, ...], default: str) -> str:
        value = self.text(key, default)
        if value not in allowed:
            raise _malformed(value)
        return value


def _text(data: Json) -> str:
    if not isinstance(data, str):
        raise _malformed(data)
    return data


def _integer(data: Json) -> int:
    if not isinstance(data, int) or isinstance(data, bool):
        raise _malformed(data)
    return data


def _list(data: Json) -> list[Json]:
    if not isinstance(data, list):
        raise _malformed(data)
    return data


def _part(data: Json) -> str | Expr:
    return data if isinstance(data, str) else expr_from_json(data)


def _read_inline(data: Json) -> Inline:
    return tuple(_part(item) for item in _list(data))


def _needed(e: Expr | None, what: str) -> Expr:
    if e is None:
        raise _malformed(what)
    return e


def _read_block(data: Json) -> Block:
    fields = _Fields(data)
    match fields.text("kind"):
        case "heading":
            aside = fields.items("aside", _part)
            return Heading(fields.items("text", _part), fields.number("level", 1), aside)
        case "sentence":
            return Sentence(fields.items("parts", _part))
        case "formula":
            return Formula(_needed(fields.expr("body"), "formula"))
        case "rows":
            rows = fields.items("rows", _read_row)
            numbered = fields.get("numbered") is True
            return Rows(rows, fields.items("title", _part), fields.text("id"), numbered)
        case "callout":
            kind = fields.choice("callout", _KINDS, "")
            return Callout(kind, fields.items("parts", _part))  # pyright: ignore[reportArgumentType]
        case "table":
            header = fields.items("header", _read_inline)
            return Table(header, fields.items("rows", lambda row: tuple(map(_read_inline, _list(row)))))
        case "code":
            return Code(fields.text("text"), fields.text("language"))
        case kind:
            raise _malformed(kind)


def _place(data: Json) -> tuple[int, int]:
    begin, end = map(_integer, _list(data))
    return begin, end


def _read_row(data: Json) -> Row:
    fields = _Fields(data)
    relation = fields.choice("relation", get_args(Relation), "=")
    return Row(
        right=fields.expr("right"),
        left=fields.expr("left"),
        relation=cast("Relation", relation),
        label=fields.text("label"),
        id=fields.text("id"),
        reason=fields.items("reason", _part),
        rule=fields.text("rule"),
        changed=fields.items("changed", lambda path: tuple(map(_integer, _list(path)))),
        verdict=fields.text("verdict"),
        evidence=fields.text("evidence"),
        details=fields.items("details", _read_row),
        raw=fields.text("raw"),
        marked=fields.items("marked", _place),
    )


def _read_span(data: Json) -> Span | None:
    if data is None:
        return None
    start, end = map(_integer, _list(data))
    return Span(start, end)


def _read_fraction(data: Json) -> Fraction:
    try:
        return Fraction(_text(data))
    except (ValueError, ZeroDivisionError):
        raise _malformed(data) from None


def _read_declaration(data: Json) -> Declaration:
    fields = _Fields(data)
    value = fields.get("value")
    return Declaration(
        fields.text("name"),
        cast("Kind", fields.choice("type", get_args(Kind), "")),
        fields.texts("dims"),
        fields.items("domains", _read_domain),
        fields.texts("letters"),
        _read_span(fields.get("span")),
        None if value is None else _read_fraction(value),
    )


def _read_domain(data: Json) -> Domain:
    fields = _Fields(data)
    low, high = (fields.get(key) for key in ("low", "high"))
    closed = fields.items("closed", bool) or (False, False)
    if len(closed) != 2:
        raise _malformed("closed")
    return Domain(
        cast("DomainKind", fields.choice("type", get_args(DomainKind), "real")),
        fields.items("values", _read_fraction),
        None if low is None else _read_fraction(low),
        None if high is None else _read_fraction(high),
        closed,
        fields.text("dim"),
    )


def _read_index(data: Json) -> Index:
    index = expr_from_json(data)
    if not isinstance(index, Index):
        raise _malformed(data)
    return index


def _read_definition(data: Json) -> Definition:
    fields = _Fields(data)
    return Definition(
        fields.text("name"),
        _needed(fields.expr("body"), "definition"),
        fields.items("indices", _read_index),
        fields.texts("dims"),
        fields.texts("parameters"),
        _read_span(fields.get("span")),
    )
