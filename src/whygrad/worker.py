"""The page's door: a request as JSON in, an answer as JSON out. It runs in a browser, without NumPy.

A request is ``{"verb": …, "width": …, …}``; the answer what the verb returns, or ``{"error": {…}}`` with
the id, the reason, the place and the way out. The same verbs, rules and words as on the command line.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Final, cast

from whygrad import api, costs
from whygrad.core.circuit import Parts
from whygrad.core.cost import Cost, Declaration
from whygrad.core.derivation import Derivation, Route
from whygrad.core.document import Block, Callout, Document, Row, Rows, Sentence
from whygrad.core.error_pages import ERRORS
from whygrad.core.errors import UsageError, WhygradError
from whygrad.core.expr import Apply, Call, Expr, Partial, Symbol
from whygrad.core.functions import FUNCTIONS
from whygrad.core.report import Report
from whygrad.core.walk import postorder, symbols
from whygrad.engine import why as why_engine
from whygrad.engine.circuit_graph import circuit
from whygrad.engine.evaluate import read_value
from whygrad.engine.narrate import Level, cost_blocks
from whygrad.engine.report_doc import example_sentence, report_document, summary_of, wrong_blocks
from whygrad.page.program import code, descent
from whygrad.page.trees import tree_of
from whygrad.page.view import View
from whygrad.show.circuit import circuit_svg
from whygrad.show.latex import to_latex
from whygrad.show.text import to_text
from whygrad.teach.lesson import Lesson, simple_point

Json = dict[str, Any]
LARGEST_TEXT: Final = 1 << 16
ROUTES: Final = ("chain", "substitution", "backprop")
LEVELS: Final = ("brief", "normal", "full")


@dataclass(slots=True)
class Desk:
    """What is on the table: the derivation that is shown, and the names of its parts.

    Examples
    --------
    >>> made = json.loads(Desk().answer('{"verb": "derive", "cost": "logistic"}'))
    >>> made["cost"]["title"], made["cost"]["parameters"]
    ('Logistic regression', ['w', 'b'])
    >>> json.loads(Desk().answer('{"verb": "derive", "cost": "J = (w"}'))["error"]["id"]
    'error/unbalanced'
    """

    derivations: dict[tuple[Any, ...], Derivation] = field(default_factory=dict[tuple[Any, ...], Derivation])
    view: View | None = None
    shown: Derivation | None = None
    level: Level = "normal"

    def answer(self, request: str) -> str:
        """Answer one request; whatever happens, the answer is JSON."""
        try:
            asked = json.loads(request)
            made = VERBS[_word(asked, "verb", tuple(VERBS))](self, asked)
        except WhygradError as error:
            made = {"error": _error(error)}
        except (RecursionError, MemoryError):
            made = {"error": _plain("too large for the browser", "a smaller cost, or the command line")}
        except Exception as error:  # noqa: BLE001  the page must be able to say what is wrong
            text = f"internal error: {type(error).__name__}: {error}"
            made = {"error": _plain(text, "please report it with the text that was entered")}
        return json.dumps(made, ensure_ascii=False)

    # --- deriving ---------------------------------------------------------------------------------

    def derive(self, asked: Json) -> Json:
        """The derivation of a cost, and what there is to choose."""
        cost = _cost(asked)
        route, wrt = cast("Route", _word(asked, "route", ROUTES)), _text(asked, "wrt") or None
        self.level = cast("Level", _word(asked, "level", LEVELS, "normal"))
        order = 2 if asked.get("order") == 2 else 1
        derivation = self._derived(cost, wrt, route, order)
        made = api.document(derivation, self.level, folded=False)
        self.view, self.shown = View(made.scope, _width(asked)), derivation
        return {
            "document": self.view.document(made),
            "cost": _described(cost),
            "results": _results(derivation, self.view),
        }

    def _derived(self, cost: Cost, wrt: str | None, route: Route, order: int = 1) -> Derivation:
        key = (cost.source, cost.declarations, wrt, route, order)
        if key not in self.derivations:
            if len(self.derivations) >= 8:
                self.derivations.pop(next(iter(self.derivations)))
            self.derivations[key] = api.derive(cost, wrt, route=route, order=order)
        return self.derivations[key]

    def open(self, asked: Json) -> Json:
        """One step of the derivation that is shown, down to single rules."""
        view, derivation = self._on_view()
        made = why_engine.open_step(derivation, _text(asked, "id"))
        shown = View(view.scope, _width(asked), view.parts)
        own = len(cost_blocks(derivation.cost))
        return {"document": shown.document(replace(made, blocks=made.blocks[own:]))}

    def page(self, asked: Json) -> Json:
        """The page of a rule, a mistake or an error; or an expression differentiated rule by rule."""
        made = api.why(_text(asked, "subject"))
        return {"document": View(made.scope, _width(asked)).document(made), "title": made.title}

    def part(self, asked: Json) -> Json:
        """A part of a formula: what it is, and its derivative rule by rule where one is asked for."""
        view, derivation = self._on_view()
        part = view.parts.find(_text(asked, "name"))
        if part is None:
            raise UsageError("error/unknown-id", "this part is no longer shown", fix="choose it again")
        scope = view.scope
        made: Json = {
            "math": view.math(part, block=True),
            "text": to_text(part, scope),
            "latex": to_latex(part, scope),
            "inside": _inside(part, view),
        }
        definition = scope.definitions.get(part.name) if isinstance(part, Symbol) else None
        if definition is not None:
            made["definition"] = view.math(definition.body, block=True)
        # A defined name is differentiated as what it stands for.
        same = isinstance(part, Symbol) and definition is not None and part.indices == definition.indices
        said = definition.body if same and definition is not None else part
        by = _variables(said, derivation.cost)
        made["by"] = [s.name for s in by]
        wrt = next((s for s in by if s.name == asked.get("wrt")), None)
        if wrt is not None:
            whole = said if isinstance(said, Partial) else Partial(said, wrt)
            explained = why_engine.explain(whole, scope)
            made["document"] = View(scope, _width(asked), view.parts).document(explained)
        return made

    def _on_view(self) -> tuple[View, Derivation]:
        if self.view is None or self.shown is None:
            raise UsageError("error/usage", "no derivation is shown", fix="derive a cost first")
        return self.view, self.shown

    def copy(self, asked: Json) -> Json:
        """The derivation, or the code of its gradient, as text to take away."""
        _, derivation = self._on_view()
        form = _word(asked, "format", ("latex", "markdown", "text", "json", "html", "python", "javascript"))
        if form in ("python", "javascript"):
            return {"text": code(derivation.cost, form)}
        folded = form in ("markdown", "html")
        made = api.document(derivation, self.level, folded=folded)
        return {"text": api.render(made, cast("api.Format", form))}

    def notebook(self, asked: Json) -> Json:
        """The cost's lesson as a notebook."""
        from whygrad.teach.notebook import notebook  # noqa: PLC0415  rarely asked for, and large

        cost = _cost(asked)
        return {"text": notebook(Lesson(cost, cost.source))}

    def pairs(self, asked: Json) -> Json:
        """Whether activation and loss are a pair."""
        made = api.document(api.pairs(_cost(asked)), "normal")
        return {"document": View(made.scope, _width(asked)).document(made)}

    # --- checking ---------------------------------------------------------------------------------

    def check(self, asked: Json) -> Json:
        """A person's derivation: verdicts, places, and what is said in stages."""
        cost = _text(asked, "cost") or None
        context = [line for line in _text(asked, "context").splitlines() if line.strip()]
        report = api.check(_text(asked, "text"), context=context, cost=cost, wrt=_text(asked, "wrt"))
        view = View(report.scope, _width(asked))
        return {
            "lines": _lines(report, view),
            "status": report.status,
            "first_wrong": report.first_wrong,
            "mistake": "" if report.mistake is None else report.mistake.id,
            **_stages(report, view),
        }

    # --- circuits and programs --------------------------------------------------------------------

    def circuit(self, asked: Json) -> Json:
        """The circuit as a drawing, with numbers where a point is given or simple ones fit."""
        cost = _cost(asked)
        parts = _word(asked, "parts", ("none", "sigmoid", "all"))
        at = cast("dict[str, str]", asked.get("at") or {})
        point = {name: str(value) for name, value in {**(simple_point(cost) or {}), **at}.items()}
        values = {name: read_value(name, value) for name, value in point.items()}
        derivation = self._derived(cost, None, "chain")
        made = circuit(cost, parts=cast("Parts", parts), at=values or None, derivation=derivation)
        steps = asked.get("steps") is True
        drawn = circuit_svg(made, steps=steps)
        scope, view = made.scope, View(made.scope)
        numbers = [
            {"name": n.name, "value": n.value, "gradient": n.slope, "kind": n.kind} for n in made.nodes
        ]
        return {
            "svg": tree_of(drawn),
            "nodes": numbers,
            "inputs": [_input(d, point) for d in cost.declarations],
            "results": [
                {"left": to_text(r.left, scope), "math": view.math(r.left, block=True), "number": r.number}
                for r in made.results
                if r.number
            ],
            "title": made.title,
        }

    def program(self, asked: Json) -> Json:
        """The code of gradient descent on a cost, and what is known of its learning rates."""
        return descent(_cost(asked))

    def gallery(self, _: Json) -> Json:
        """The named costs."""
        found = [(name, costs.text(name)) for name in costs.names()]
        return {"costs": [{"name": n, "title": costs.header(t)[0], "text": t.rstrip()} for n, t in found]}

    def cost(self, asked: Json) -> Json:
        """The cost alone, set as mathematics: what is shown while it is typed."""
        cost = _cost(asked)
        made = Document(tuple(cost_blocks(cost)), cost.scope, cost.title)
        return {"document": View(cost.scope, _width(asked)).document(made), "cost": _described(cost)}


VERBS: Final[Mapping[str, Callable[[Desk, Json], Json]]] = {
    "derive": Desk.derive,
    "open": Desk.open,
    "page": Desk.page,
    "part": Desk.part,
    "copy": Desk.copy,
    "notebook": Desk.notebook,
    "pairs": Desk.pairs,
    "check": Desk.check,
    "circuit": Desk.circuit,
    "program": Desk.program,
    "gallery": Desk.gallery,
    "cost": Desk.cost,
}


# --- reading requests -----------------------------------------------------------------------------


def _text(asked: Json, key: str) -> str:
    value = asked.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise UsageError("error/usage", f"{key} is no text", fix="reload the page")
    if len(value) > LARGEST_TEXT:
        raise UsageError("error/too-large", f"{key} has more than 64 kB", fix="enter a part of it")
    return value


def _word(asked: Json, key: str, known: tuple[str, ...], default: str = "") -> str:
    value = asked.get(key) or default or known[0]
    if value not in known:
        raise UsageError("error/usage", f"{key} is not {value!r}", fix=f"one of {', '.join(known)}")
    return cast("str", value)


def _width(asked: Json) -> float:
    value = asked.get("width")
    return min(120.0, max(18.0, float(value))) if isinstance(value, int | float) else 84.0


def _cost(asked: Json) -> Cost:
    constants = cast("dict[str, str]", asked.get("constants") or {})
    return api.load_cost(_text(asked, "cost"), constants=constants)


# --- writing answers ------------------------------------------------------------------------------


def _results(derivation: Derivation, view: View) -> list[Json]:
    """The gradient by each parameter, by index and, where there is one, by matrices."""
    found: list[Json] = []
    for parameter in derivation.parameters:
        last = parameter.stages[-1]
        made: Json = {
            "name": parameter.wrt.name,
            "left": view.math(last.left, block=True),
            "lines": view.lines(last.result),
        }
        if last.matrix is not None and last.matrix_left is not None:
            made["matrix_left"], made["matrix"] = (
                view.math(last.matrix_left, block=True),
                view.lines(last.matrix),
            )
            made["shapes"] = last.matrix_shapes
        found.append(made)
    return found


def _error(error: WhygradError) -> Json:
    made: Json = {
        "id": error.id,
        "title": ERRORS[error.id].title,
        "reason": error.reason,
        "fix": error.fix,
        "text": str(error),
    }
    if error.span is not None and error.source:
        made["source"], made["span"] = error.source, [error.span.start, error.span.end]
    return made


def _plain(reason: str, fix: str) -> Json:
    return {"id": "", "title": "Error", "reason": reason, "fix": fix, "text": f"{reason}\n  Fix: {fix}"}


def _described(cost: Cost) -> Json:
    """What the page offers for a cost."""
    return {
        "name": cost.name,
        "title": cost.title,
        "source": cost.source,
        "parameters": [d.name for d in cost.parameters],
        "constants": [_input(d, {}) for d in cost.declarations if d.kind == "const"],
        "notes": list(cost.notes),
    }


def _input(d: Declaration, point: Mapping[str, str]) -> Json:
    """A declared name: where its value may lie, and where it is."""
    value = point.get(d.name)
    highs = [float(domain.high) for domain in d.domains if domain.high is not None]
    known = d.value if value is None or str(value).startswith("[") else Fraction(value)
    return {
        "name": d.name,
        "kind": d.kind,
        "dims": list(d.dims),
        "values": [float(v) for v in d.values],
        "low": None if d.low is None else float(d.low),
        "high": min(highs, default=None),
        "open": d.positive,
        "integer": d.has("integer"),
        "fixed": d.value is not None,
        "value": None if known is None else float(known),
    }


def _variables(part: Expr, cost: Cost) -> list[Symbol]:
    """The names a part can be differentiated by: its own, parameters and intermediates first."""
    whole = part
    if isinstance(part, Partial):
        whole = part.body
    known = {*FUNCTIONS, *(d.name for d in cost.definitions)}
    for node in postorder(whole):
        if isinstance(node, Partial | Apply) or (isinstance(node, Call) and node.name not in known):
            return []
    if isinstance(part, Partial):
        return [part.wrt]
    found = dict.fromkeys(s for s in symbols(part) if s is not part)
    data = {d.name for d in cost.declarations if d.kind != "param"}
    return sorted(found, key=lambda s: s.name in data)


def _inside(part: Expr, view: View) -> list[Json]:
    """The parts of a part, so that the keyboard can go down into it."""
    names = view.parts.of(part)
    return [{"name": name, "math": view.math(e)} for e, name in reversed(names.items()) if e is not part][:12]


def _lines(report: Report, view: View) -> list[Json]:
    """Each line of a person's, with its verdict as the report words it."""
    blocks = report_document(report).blocks
    table = next(block for block in blocks if isinstance(block, Rows) and block.id == "check")
    return [_line(report, k, table.rows[k], view) for k in range(len(report.lines))]


def _line(report: Report, k: int, row: Row, view: View) -> Json:
    """One line: the text, the place that is wrong, what is said of it."""
    line = report.lines[k]
    made: Json = {
        "text": line.source,
        "verdict": row.verdict,
        "reason": view.inline(row.reason),
        "kind": report.pairs[k - 1].verdict if k else "",
        "evidence": report.pairs[k - 1].evidence.kind if k else "",
        "spans": [],
        "start": line.start,
    }
    if line.expr is not None:
        made["lines"] = view.lines(line.expr, marks=row.changed)
    if k == report.first_wrong and report.mistake is not None:
        made["spans"] = [[s.start, s.end] for s in report.mistake.sites]
    elif line.span is not None:
        made["spans"] = [[line.span.start, line.span.end]]
    return made


def _stages(report: Report, view: View) -> Json:
    """What the report says, in the order in which it is told: hint, fact and cause, correction, the rest."""
    said: list[Block] = []
    why: list[Block] = []
    correction: list[Block] = []
    first = report.first_wrong
    if first is not None:
        example = Sentence((example_sentence(report.pairs[first - 1], first),))
        hinted = wrong_blocks(report, first, True)
        said = [block for block in hinted if block != example]
        more = [block for block in wrong_blocks(report, first, False) if block not in hinted]
        why = [block for block in more if isinstance(block, Callout)]
        correction = [block for block in more if block not in why]
        why += [example] if example in hinted else []
    readings = [reading.sentence for reading in report.readings]
    notes = [
        block
        for block in report_document(report).blocks
        if isinstance(block, Callout)
        and block.kind in ("reading", "convention")
        and block.parts not in [(sentence,) for sentence in readings]
    ]
    return {
        "said": [view.block(block) for block in said],
        "why": [view.block(block) for block in why],
        "correction": [view.block(block) for block in correction],
        "notes": [view.block(block) for block in notes],
        "readings": readings,
        "settles": sorted({line for pair in report.pairs for line in pair.settles}),
        "summary": summary_of(report),
    }


DESK: Final = Desk()
"""The one of this process: a Worker has one page."""


def answer(request: str) -> str:
    """Answer a request at the process's own desk."""
    return DESK.answer(request)
