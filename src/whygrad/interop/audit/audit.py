"""``audit``: a hand-written gradient or objective against the derived one, in words with evidence."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whygrad.core.cost import Cost, Scope
from whygrad.core.document import Block, Callout, Document, Heading, Sentence
from whygrad.core.errors import UsageError, WhygradError
from whygrad.core.expr import Expr, Index, Symbol
from whygrad.core.walk import holds_partial, names
from whygrad.engine.derive import derive
from whygrad.interop.audit.conventions import Reading, read_convention
from whygrad.interop.audit.explain import CLOSE, CLOSE_FLOAT32, Points, close, explain
from whygrad.interop.audit.mutants import Mutant, mutants, unfolded
from whygrad.interop.audit.process import Answer, Part, run_calls
from whygrad.interop.audit.source import Function, find_function
from whygrad.interop.margin import Margin, margin_of
from whygrad.meaning.differentiate import derivative
from whygrad.meaning.sample import draw_point
from whygrad.show.text import to_text
from whygrad.train.written import Written

Array = NDArray[np.float64]
FAR = (1.0, 5.0, 10.0, 15.0, 20.0, 30.0, 36.0, 40.0, 60.0, 80.0, 100.0, 200.0, 400.0, 700.0, 800.0)
FAR_FLOAT32 = 80.0
STATED = re.compile(
    r"upper bound|stand[- ]?in|approximat|constant hess|floor|clip|surrogate|gauss-newton|fisher|"
    r"2 ?\* ?p|ones|hessian (?:is|=) 1|psd|majori|bound"
)


@dataclass
class Finding:
    """One thing that was compared."""

    what: str
    right: bool
    words: str
    evidence: str = ""
    note: bool = False


@dataclass
class Audit:
    """What an audit found.

    ``status`` is 0 where everything is right, 1 where something is not.
    """

    function: Function
    cost: Cost
    reading: Reading
    findings: list[Finding] = field(default_factory=list[Finding])
    said: list[str] = field(default_factory=list[str])

    @property
    def right(self) -> bool:
        """Whether all of it is right."""
        return all(f.right for f in self.findings)

    @property
    def status(self) -> int:
        """The exit status."""
        return 0 if self.right else 1

    @property
    def words(self) -> str:
        """What is wrong, in a line; empty where nothing is."""
        return "; ".join(f"{f.what}: {f.words}" for f in self.findings if not f.right)

    def document(self) -> Document:
        """What is shown."""
        named = self.cost.title or self.cost.name or "the cost"
        title = f"{self.function.path.name}:{self.function.name} against {named}"
        blocks: list[Block] = [Heading((title,))]
        blocks += [Sentence((line,)) for line in self.said]
        for f in self.findings:
            verdict = "right" if f.right else "WRONG"
            words = f": {f.words}" if f.words else ""
            blocks.append(Sentence((f"{verdict}  {f.what}{words}",)))
            if f.evidence:
                blocks.append(Sentence((f"       {f.evidence}",)))
        ran = "run in a process of its own, with limits on time and memory, which are no sandbox"
        blocks.append(Callout("fact", (f"compared at {COUNT} sampled points; the file was {ran}",)))
        data = {
            "format": "whygrad-audit/1",
            "function": self.function.name,
            "right": self.right,
            "findings": [
                {"what": f.what, "right": f.right, "words": f.words, "evidence": f.evidence}
                for f in self.findings
            ],
        }
        return Document(tuple(blocks), title=title, data=data)


COUNT = 4
"""Points at which results are compared; the first two share their data."""


def audit(where: str, cost: Cost) -> Audit:
    """Hold a function of a file against the cost's derivation.

    Parameters
    ----------
    where
        ``FILE.py:FUNCTION``: a gradient of parameters, a gradient and Hessian of margins, an objective for
        XGBoost or LightGBM, or a ``torch.autograd.Function``.
    cost
        Constants that the function does not take need values.

    Raises
    ------
    UsageError
        If the convention cannot be told, or the function cannot be run.
    """
    return audit_function(find_function(where), cost)


def audit_function(function: Function, cost: Cost) -> Audit:
    """The same for a function that was found."""
    try:
        margin = margin_of(cost)
    except UsageError:
        margin = None
    label = margin.label.name if margin is not None and margin.label is not None else ""
    reading = read_convention(function, cost, margin.margin.name if margin else "", label)
    if reading.kind == "parameters":
        return _Parameters(function, cost, reading).audit()
    assert margin is not None
    return _Margins(function, cost, reading, margin).audit()


# --- what both share --------------------------------------------------------------------------------


def _drawn(bodies: Sequence[Expr], scope: Scope, sizes: dict[str, int], seed: int) -> dict[str, Array]:
    point = draw_point(bodies, scope, seed, sizes)
    found: dict[str, Array] = {}
    for name, d in scope.declarations.items():
        shape = tuple(point.sizes.get(dim, sizes.get(dim, 1)) for dim in d.dims)
        array = np.zeros(shape)
        for place in np.ndindex(*shape):
            key = (name, tuple(p + 1 for p in place))
            if key in point.values:
                array[place] = float(point.values[key])
        found[name] = array
    return found


def _sizes(dims: Iterable[str], row: str, k: int) -> dict[str, int]:
    others = [d for d in dims if d != row and d.isidentifier()]
    first = {row: (7, 7, 9, 11)[k]} if row else {}
    return first | {d: 3 + n + (k // 2) for n, d in enumerate(others)}


def _given(value: Array, dtype: str, moves: bool = False) -> dict[str, Any]:
    value = np.asarray(value, dtype=float)
    return {
        "kind": "array",
        "value": value.ravel().tolist(),
        "shape": list(value.shape),
        "dtype": dtype,
        "moves": moves,
    }


def _tolerance(parts: Iterable[Part]) -> float:
    return CLOSE_FLOAT32 if any(p.dtype in ("float32", "float16") for p in parts) else CLOSE


def _evidence(found: Sequence[Array], wanted: Sequence[Array]) -> str:
    for a, b in zip(found, wanted, strict=True):
        if a.shape != b.shape:
            return f"shape {a.shape}, should be {b.shape}"
        off = np.abs(np.nan_to_num(a, nan=1e300) - b)
        if off.size and off.max() > 1e-6 * max(1e-12, float(np.abs(b).max())):
            at = np.unravel_index(int(off.argmax()), off.shape)
            place = f"entry {', '.join(str(int(n) + 1) for n in at)}: " if off.ndim else ""
            return f"{place}the code gives {a[at]:.6g}, right is {b[at]:.6g}"
    return ""


def _digits(found: Sequence[Array], wanted: Sequence[Array]) -> str:
    worst = 0.0
    for a, b in zip(found, wanted, strict=True):
        scale = max(1e-300, float(np.abs(b).max(initial=0)))
        worst = max(worst, float(np.abs(a - b).max(initial=0)) / scale)
    return f"to {min(15, int(-np.log10(max(worst, 1e-16))))} digits"


class _Base:
    """What is asked of a function, and what came back."""

    def __init__(self, function: Function, cost: Cost, reading: Reading) -> None:
        self.function, self.cost, self.reading = function, cost, reading
        self.result = Audit(function, cost, reading)
        self.points = Points()
        self.row = ""
        self.locals = _locals(cost)
        self.kept: frozenset[str] = frozenset()
        """Definitions that stay names where formulas are written out."""

    def add(self, what: str, right: bool, words: str = "", evidence: str = "") -> None:
        """Note a finding."""
        self.result.findings.append(Finding(what, right, words, evidence))

    def failed(self, answers: Sequence[Answer], shown: str) -> bool:
        """Whether the calls ended in an error, which is a finding of its own."""
        errors = [a.error for a in answers if a.error]
        if errors:
            self.add(shown, False, f"the call ends in an error: {errors[0]}")
        return bool(errors)

    def constants(self) -> None:
        """Refuse constants that neither the cost nor the function gives a value."""
        roles = {r for _, r in self.reading.roles}
        used = frozenset[str]().union(*(names(d.body) for d in self.cost.definitions))
        left = [
            d.name
            for d in self.cost.declarations
            if d.kind == "const" and d.value is None and d.name not in roles and d.name in used
        ]
        if left:
            raise UsageError(
                "error/audit",
                f"{self.function.name} does not take {', '.join(left)}, so its value must be known",
                fix=" ".join(f"--set {n}=…" for n in left),
            )

    def with_values(self, arrays: dict[str, Array]) -> dict[str, Array]:
        """Constants that have a value take it."""
        for d in self.cost.declarations:
            if d.kind == "const" and d.value is not None:
                arrays[d.name] = np.asarray(float(d.value))
        return arrays

    def compare(
        self,
        what: str,
        found: Sequence[Array],
        wanted: Sequence[Array],
        forms: Sequence[tuple[Expr, Scope]],
        axes: tuple[Index, ...],
        tolerance: float,
        labels: frozenset[str],
        links: dict[str, Symbol],
    ) -> bool:
        """Compare one thing, and say what came out."""
        found = [_squeezed(a, b) for a, b in zip(found, wanted, strict=True)]
        if close(found, wanted, tolerance):
            self.add(what, True, _digits(found, wanted))
            return True
        bad = [~np.isfinite(a).all() and np.isfinite(b).all() for a, b in zip(found, wanted, strict=True)]
        if any(bad) and all(a.shape == b.shape for a, b in zip(found, wanted, strict=True)):
            self.add(
                what, False, "it is not a finite number (NaN or inf) at some points", _evidence(found, wanted)
            )
            return False

        def slips() -> Iterable[Mutant]:
            kept = frozenset(links) or frozenset(self.kept)
            written_out = [(unfolded(e, scope, kept), scope) for e, scope in forms]
            seen: set[Expr] = set()
            for e, scope in (*forms, *written_out):
                if e not in seen:
                    seen.add(e)
                    yield from mutants(e, scope, labels, links, self.locals)

        words = explain(found, wanted, self.points, self.row, slips, axes, tolerance)
        self.add(what, False, words or "it is another function", _evidence(found, wanted))
        return False


def _squeezed(a: Array, b: Array) -> Array:
    """Shapes that hold the same entries in the same order are the same."""
    if (
        a.shape != b.shape
        and a.size == b.size
        and (tuple(s for s in a.shape if s != 1) == tuple(s for s in b.shape if s != 1))
    ):
        return a.reshape(b.shape)
    return a


# --- gradients of parameters ------------------------------------------------------------------------


class _Parameters(_Base):
    """A function of the cost's parameters and data."""

    def __init__(self, function: Function, cost: Cost, reading: Reading) -> None:
        super().__init__(function, cost, reading)
        self.constants()
        self.written = Written(cost)
        self.names = self.written.names
        self.bodies = [d.body for d in self.written.cost.definitions if not d.is_function]
        rows = [d.dims[0] for d in cost.declarations if d.kind == "data" and d.dims]
        self.row = max(dict.fromkeys(rows), key=rows.count) if rows else ""

    def audit(self) -> Audit:
        """Everything."""
        for k in range(COUNT):
            sizes = _sizes(self.cost.dims, self.row, k)
            arrays = self.with_values(_drawn(self.bodies, self.written.cost.scope, sizes, 11 + k))
            if k == 1:
                first = self.points.arrays[0]
                arrays = {n: arrays[n] if n in self.names else first[n] for n in arrays}
            self.points.arrays.append(arrays)
            self.points.sizes.append(sizes)
        wanted = self._wanted()
        upstream = [1.0, 1.0, 1.0, 1.0] if self.function.autograd else None
        answers = run_calls(self.function, self.reading.framework, self._calls(upstream))
        if self.failed(answers, "the call"):
            return self.result
        self._judge(answers, wanted)
        if self.function.autograd and self.result.right:
            self._upstream(wanted)
        return self.result

    def _wanted(self) -> dict[str, list[Array]]:
        scope, goal = self.written.scope, self.written.goal
        found = {"": self.points.of(goal, scope, ())}
        for n in self.names:
            found[n] = self.points.of(self.written.gradients[n], scope, self.written.orders[n])
        if any(v is None for v in found.values()):
            raise UsageError(
                "error/audit", "this cost cannot be computed", fix="check it with whygrad compile"
            )
        return {k: v for k, v in found.items() if v is not None}

    def _calls(self, upstream: list[float] | None) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = []
        for k, (arrays, sizes) in enumerate(zip(self.points.arrays, self.points.sizes, strict=True)):
            args = [self._argument(role, arrays, sizes) for _, role in self.reading.roles if role != "skip"]
            calls.append({"args": args, "upstream": None if upstream is None else [upstream[k]] * 64})
        return calls

    def _argument(self, role: str, arrays: dict[str, Array], sizes: dict[str, int]) -> dict[str, Any]:
        if role == "flat":
            return _given(np.concatenate([arrays[n].ravel() for n in self.names]), "float64")
        if role.startswith("size "):
            return {"kind": "number", "value": sizes[role[5:]]}
        d = self.cost.scope.declarations[role]
        if d.kind == "const":
            return {"kind": "number", "value": float(arrays[role])}
        return _given(arrays[role], "float64", moves=role in self.names and self.function.autograd)

    def _judge(self, answers: Sequence[Answer], wanted: dict[str, list[Array]]) -> None:
        order = [r for _, r in self.reading.roles if r in self.names] or list(self.names)
        order += [n for n in self.names if n not in order]
        flat = any(r == "flat" for _, r in self.reading.roles)
        named = [self._named(a.parts, order, flat) for a in answers]
        tolerance = _tolerance(p for a in answers for p in a.parts)
        if any(set(n) != set(named[0]) for n in named):
            self.add("the result", False, "it has another number of parts at some points")
            return
        if "" in named[0]:
            self._value([n[""] for n in named], wanted[""], tolerance)
        for name in (n for n in self.names if n in named[0]):
            d = self.cost.scope.declarations[name]
            wrt = to_text(Symbol(name, self.written.orders[name]), self.written.scope)
            self.compare(
                f"∂{self.cost.goal}/∂{wrt}",
                self._symmetric(name, [n[name] for n in named], wanted[name], tolerance),
                wanted[name],
                self._forms(name),
                self.written.orders[name],
                tolerance,
                _label_names(self.cost),
                _links(self.cost, None),
            )
            del d
        missing = [n for n in self.names if n not in named[0]]
        if missing and set(named[0]) != {""}:
            self.result.said.append(f"not returned, so not judged: the gradient by {', '.join(missing)}")
        if not self.result.findings or set(named[0]) == {""}:
            raise UsageError(
                "error/audit",
                f"{self.function.name} returns no gradient that could be told",
                fix=f"return the gradients by {', '.join(self.names)} in this order, or by name in a dict",
            )

    def _symmetric(self, name: str, found: list[Array], wanted: list[Array], tolerance: float) -> list[Array]:
        """G, (G + Gᵀ)/2 and G + Gᵀ − G∘I are all right for a symmetric parameter."""
        d = self.cost.scope.declarations[name]
        if not any(x.kind in ("spd", "symmetric") for x in d.domains):
            return found
        forms = {
            "G + Gᵀ − G∘I": [g + g.T - g * np.eye(len(g)) for g in wanted],
            "(G + Gᵀ)/2": [(g + g.T) / 2 for g in wanted],
        }
        for words, values in forms.items():
            if not close(found, wanted, tolerance) and close(found, values, tolerance):
                self.result.said.append(f"{name} is symmetric, and the code gives {words}")
                return wanted
        return found

    def _forms(self, name: str) -> list[tuple[Expr, Scope]]:
        found = [(self.written.gradients[name], self.written.scope)]
        derivation = derive(self.written.cost, name)
        p = derivation.parameters[-1]
        if p.wrt.indices == self.written.orders[name]:
            for stage in reversed(p.stages[-2:]):
                for e in (stage.start, *(s.after for s in stage.steps[:2])):
                    if stage is p.stages[-1] and not holds_partial(e):
                        found.append((e, derivation.cost.scope))
        return found

    def _named(self, parts: Sequence[Part], order: list[str], flat: bool) -> dict[str, Array]:
        """Which array is the gradient by which parameter; "" is the value."""
        by_name = {
            self._name_of(p.name): p.value for p in parts if p.name and self._name_of(p.name) is not None
        }
        if by_name and len(by_name) == len(parts):
            return {k or "": v for k, v in by_name.items()}
        values = [p.value for p in parts]
        if flat and values and values[-1].ndim == 1:
            shapes = {n: self._shape(n, values[-1].size) for n in self.names}
            found: dict[str, Array] = {"": values[0]} if len(values) == 2 else {}
            at = 0
            for n in self.names:
                shape = shapes[n]
                size = int(np.prod(shape))
                found[n] = (
                    values[-1][at : at + size].reshape(shape)
                    if at + size <= values[-1].size
                    else values[-1][at:]
                )
                at += size
            return found
        if len(values) == len(order) + 1:
            return dict(zip(["", *order], values, strict=True))
        if len(values) == len(order):
            return dict(zip(order, values, strict=True))
        if len(values) == 1:
            hint = [n for n in order if self.function.name.endswith((f"_{n}", f"d{n}"))]
            return {hint[0] if hint else order[0]: values[0]}
        if len(values) == 2:
            return {"": values[0], order[0]: values[1]}
        return dict(zip(["", *order], values, strict=False))

    def _shape(self, name: str, total: int) -> tuple[int, ...]:
        k = (
            next(i for i, s in enumerate(self.points.arrays) if sum(s[n].size for n in self.names) == total)
            if any(sum(s[n].size for n in self.names) == total for s in self.points.arrays)
            else 0
        )
        return self.points.arrays[k][name].shape

    def _name_of(self, key: str) -> str | None:
        plain = key.lower()
        for n in sorted(self.names, key=len, reverse=True):
            if key == n or plain.endswith((f"_{n.lower()}", f"d{n.lower()}")):
                return n
        return "" if plain in ("j", "cost", "loss", "value", "l", self.cost.goal.lower()) else None

    def _value(self, found: list[Array], wanted: list[Array], tolerance: float) -> None:
        what = f"the value of {self.cost.goal}"
        found = [_squeezed(a, b) for a, b in zip(found, wanted, strict=True)]
        if close(found, wanted, tolerance):
            self.add(what, True, _digits(found, wanted))
            return
        if all(a.shape == () for a in found):
            shift = [float(a - b) for a, b in zip(found, wanted, strict=True)]
            if abs(shift[0] - shift[1]) <= 1e-9 * max(1.0, abs(shift[0])):
                self.add(what, True, "with a term that no parameter is in, which changes no gradient")
                return
        words = explain(
            found,
            wanted,
            self.points,
            self.row,
            lambda: mutants(self.written.goal, self.written.scope, _label_names(self.cost), {}),
            (),
            tolerance,
        )
        self.add(what, False, words or "it belongs to another cost", _evidence(found, wanted))

    def _upstream(self, wanted: dict[str, list[Array]]) -> None:
        above = [2.5, -0.7, 3.0, 1.5]
        answers = run_calls(self.function, self.reading.framework, self._calls(above))
        if self.failed(answers, "the backward pass"):
            return
        for k, name in enumerate(n for n in [r for _, r in self.reading.roles] if n in self.names):
            found = [a.parts[k + 1].value for a in answers]
            _judge_upstream(self, name, found, wanted[name], above)


def _judge_upstream(
    base: _Base, name: str, found: list[Array], wanted: list[Array], above: list[float]
) -> None:
    found = [_squeezed(a, b) for a, b in zip(found, wanted, strict=True)]
    if close(found, [u * b for u, b in zip(above, wanted, strict=True)], CLOSE):
        base.add(f"the backward pass by {name}", True, "multiplies the gradient from above")
    else:
        plain = close(found, wanted, CLOSE)
        words = (
            "the gradient from above (grad_output) is not multiplied"
            if plain
            else "the gradient from above is not multiplied in as it should be"
        )
        base.add(
            f"the backward pass by {name}",
            False,
            words,
            _evidence(found, [u * b for u, b in zip(above, wanted, strict=True)]),
        )


def _label_names(cost: Cost) -> frozenset[str]:
    return frozenset(d.name for d in cost.declarations if d.kind == "data" and len(d.values) == 2)


def _links(cost: Cost, margin: Margin | None) -> dict[str, Symbol]:
    """The output and the margin, each for the other."""
    if margin is None:
        try:
            margin = margin_of(cost)
        except UsageError:
            return {}
    if margin.output.name == margin.margin.name:
        return {}
    return {margin.output.name: margin.margin, margin.margin.name: margin.output}


def _locals(cost: Cost) -> tuple[tuple[str, Expr], ...]:
    """∂f/∂z of the output, where there is a link, and ∂L/∂f."""
    try:
        margin = margin_of(cost)
    except UsageError:
        return ()
    if margin.output.name == margin.margin.name:
        return ()
    found: list[tuple[str, Expr]] = []
    f, z = margin.output, margin.margin
    if len(f.indices) != 1:
        return ()
    here = Symbol(f.name, z.indices)
    slope = derivative(here, z, margin.scope)
    name = f"∂{f.name}/∂{z.name} = {to_text(slope, margin.scope)}"
    for wrt, body, said in ((z, here, name), (here, margin.loss, f"∂L/∂{f.name}")):
        with contextlib.suppress(WhygradError):
            found.append((said, derivative(body, wrt, margin.scope)))
    return tuple(found)


# --- objectives of margins --------------------------------------------------------------------------


class _Margins(_Base):
    """A function of labels and margins: a boosting objective, or a loss."""

    def __init__(self, function: Function, cost: Cost, reading: Reading, margin: Margin) -> None:
        super().__init__(function, cost, reading)
        self.constants()
        self.margin = margin
        self.row = margin.row
        self.bodies = [d.body for d in margin.cost.definitions if not d.is_function]
        self.dtype = "float32" if reading.library == "xgboost" else "float64"

    def audit(self) -> Audit:
        """Everything."""
        scope = self.margin.cost.scope
        for k in range(COUNT):
            sizes = _sizes(self.margin.cost.dims, self.row, k)
            arrays = self.with_values(_drawn(self.bodies, scope, sizes, 11 + k))
            rng = np.random.default_rng(k)
            z = 1.7 * rng.normal(size=arrays[self.margin.margin.name].shape)
            arrays[self.margin.margin.name] = z.astype(np.float32).astype(float)
            self._float32(arrays)
            if k == 1:
                arrays = {
                    n: a if n == self.margin.margin.name else self.points.arrays[0][n]
                    for n, a in arrays.items()
                }
            self.points.arrays.append(arrays)
            self.points.sizes.append(sizes)
        self.loss = self._of(self.margin.loss, self.margin.order[:1])
        self.first = self._of(self.margin.first, self.margin.order)
        self.second = self._of(self.margin.second, self.margin.order)
        answers = run_calls(self.function, self.reading.framework, self._calls())
        if self.failed(answers, "the call"):
            return self.result
        if not any(a.parts for a in answers):
            raise UsageError(
                "error/audit", f"{self.function.name} returns nothing", fix="return the gradient"
            )
        self._judge(answers)
        if self.result.right:
            self._weights()
        if self.result.right and self.function.autograd:
            self._upstream()
        if self.result.right:
            self._far()
        return self.result

    def _float32(self, arrays: dict[str, Array]) -> None:
        label = self.margin.label
        if label is not None:
            arrays[label.name] = arrays[label.name].astype(np.float32).astype(float)

    def _of(self, e: Expr, axes: tuple[Index, ...]) -> list[Array]:
        found = self.points.of(e, self.margin.scope, axes)
        if found is None:
            raise UsageError(
                "error/audit", "this cost cannot be computed", fix="check it with whygrad compile"
            )
        return found

    # --- calls ----------------------------------------------------------------------------------

    def _calls(
        self,
        weights: list[Array] | None = None,
        upstream: list[Array] | None = None,
        points: Points | None = None,
    ) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = []
        for k, arrays in enumerate((points or self.points).arrays):
            weight = None if weights is None else weights[k]
            args = [
                a for name, role in self.reading.roles if (a := self._argument(name, role, arrays, weight))
            ]
            above = None
            if self.function.autograd:
                rows = len(arrays[self.margin.margin.name])
                above = (np.ones(rows) if upstream is None else upstream[k]).tolist()
            calls.append({"args": args, "upstream": above})
        return calls

    def _argument(
        self, name: str, role: str, arrays: dict[str, Array], weight: Array | None
    ) -> dict[str, Any] | None:
        if role == "rows":
            return {
                "kind": "rows",
                "label": self._labels(arrays).tolist(),
                "weight": None if weight is None else weight.tolist(),
                "none": self.reading.library == "lightgbm",
            }
        if role == "weight":
            return None if weight is None else {**_given(weight, "float64"), "by_name": name}
        if role == "skip":
            return None
        d = self.margin.cost.scope.declarations[role]
        if d.kind == "const":
            return {"kind": "number", "value": float(arrays[role]), "by_name": name}
        if self.margin.label is not None and role == self.margin.label.name:
            framework = self.reading.library or any(a in ("y_true", "y_pred") for a, _ in self.reading.roles)
            return _given(self._labels(arrays) if framework else arrays[role], "float64")
        moves = role == self.margin.margin.name
        return _given(
            arrays[role], self.dtype if moves else "float64", moves=moves and self.function.autograd
        )

    def _labels(self, arrays: dict[str, Array]) -> Array:
        """Labels as a library holds them: classes as numbers."""
        label = self.margin.label
        assert label is not None
        y = arrays[label.name]
        return y.argmax(axis=1).astype(float) if y.ndim == 2 and label.has("onehot") else y

    # --- judging --------------------------------------------------------------------------------

    def _split(self, answers: Sequence[Answer]) -> tuple[list[Array] | None, list[Array], list[Array] | None]:
        """Value, gradient, hessian, where they are."""
        parts = [[p.value for p in a.parts] for a in answers]
        count = len(parts[0])
        if count == 1:
            return None, [p[0] for p in parts], None
        if count >= 3:
            return [p[0] for p in parts], [p[1] for p in parts], [p[2] for p in parts]
        name = [p.name.lower() for p in answers[0].parts]
        loss = [np.asarray(v) for v in self.loss]
        firsts = [p[0] for p in parts]
        first_is_value = (
            self.function.autograd
            or all(np.ndim(v) == 0 for v in firsts)
            or name[0] in ("loss", "value")
            or (not self.reading.library and close(firsts, loss, CLOSE_FLOAT32))
        )
        if first_is_value:
            return firsts, [p[1] for p in parts], None
        return None, firsts, [p[1] for p in parts]

    def _layout(self, found: list[Array]) -> list[Array]:
        """Classes: a table, or flat by rows or by classes."""
        if not self.margin.classes or any(a.ndim != 1 for a in found):
            return found
        shapes = [b.shape for b in self.first]
        if any(a.size != s[0] * s[1] for a, s in zip(found, shapes, strict=True)):
            return found
        rows = [a.reshape(s) for a, s in zip(found, shapes, strict=True)]
        columns = [a.reshape(s[::-1]).T for a, s in zip(found, shapes, strict=True)]
        tolerance = CLOSE_FLOAT32
        if close(columns, self.first, tolerance) or close(columns, self.second, tolerance):
            self.result.said.append("the result is flat, class by class")
            return columns
        return rows

    def _judge(self, answers: Sequence[Answer]) -> None:
        tolerance = max(_tolerance(p for a in answers for p in a.parts), CLOSE)
        if self.dtype == "float32":
            tolerance = CLOSE_FLOAT32
        value, gradient, hessian = self._split(answers)
        scope, z = self.margin.scope, to_text(self.margin.margin, self.margin.scope)
        label = _label_names(self.cost)
        links = _links(self.cost, self.margin)
        wanted, scale = self._scaled(self._layout(gradient), value, tolerance)
        if value is not None:
            self._value(value, tolerance)
        name = "L" if scale is None else self.cost.goal
        right = self.compare(
            f"gradient ∂{name}/∂{z}",
            self._layout(gradient),
            wanted,
            self._forms(),
            self.margin.order,
            tolerance,
            label,
            links,
        )
        if hessian is not None:
            self._hessian(self._layout(hessian), right, scale, tolerance, label, links)
        del scope

    def _scaled(
        self, found: list[Array], value: list[Array] | None, tolerance: float
    ) -> tuple[list[Array], list[float] | None]:
        """Row by row as libraries want it; the mean's where a plain function gives that."""
        scalar = value is not None and all(np.ndim(v) == 0 for v in value)
        if self.reading.library or any(r == "rows" for _, r in self.reading.roles):
            return self.first, None
        scales = self._scale_numbers()
        if scales is None:
            return self.first, None
        mean = [c * b for c, b in zip(scales, self.first, strict=True)]
        squeezed = [_squeezed(a, b) for a, b in zip(found, mean, strict=True)]
        if scalar or close(squeezed, mean, tolerance):
            return mean, scales
        return self.first, None

    def _scale_numbers(self) -> list[float] | None:
        scale = self.margin.dropped[0]
        found = self.points.of(scale, self.cost.scope, ())
        return None if found is None else [float(v) for v in found]

    def _forms(self) -> list[tuple[Expr, Scope]]:
        found = [(self.margin.first, self.margin.scope)]
        derivation = derive(self.margin.cost)
        p = derivation.parameters[-1]
        if p.wrt.indices == self.margin.order and p.stages:
            last = p.stages[-1]
            for e in (last.start, *(s.after for s in last.steps[:2])):
                if not holds_partial(e):
                    found.append((e, derivation.cost.scope))
        return found

    def _value(self, found: list[Array], tolerance: float) -> None:
        rows = [_squeezed(a, b) for a, b in zip(found, self.loss, strict=True)]
        scales = self._scale_numbers()
        total = [np.asarray(b.sum()) for b in self.loss]
        if scales is not None and all(np.ndim(a) == 0 for a in found):
            total = [np.asarray(c * t) for c, t in zip(scales, total, strict=True)]
        wanted = total if all(np.ndim(a) == 0 for a in found) else self.loss
        if close(rows, wanted, tolerance):
            self.add("the loss", True, _digits(rows, wanted))
            return
        shift = [a - b for a, b in zip(rows, wanted, strict=True)]
        if np.shape(shift[0]) == np.shape(shift[1]) and np.allclose(shift[0], shift[1], atol=1e-6):
            self.add("the loss", True, "with a term that the margin is not in, which changes no gradient")
            return
        axes = () if np.ndim(wanted[0]) == 0 else self.margin.order[:1]
        words = explain(
            rows,
            wanted,
            self.points,
            self.row,
            lambda: mutants(self.margin.loss, self.margin.scope, _label_names(self.cost), {}) if axes else (),
            axes,
            tolerance,
        )
        self.add("the loss", False, words or "it belongs to another cost", _evidence(rows, wanted))

    # --- the hessian ----------------------------------------------------------------------------

    def _hessian(
        self,
        found: list[Array],
        gradient_right: bool,
        scale: list[float] | None,
        tolerance: float,
        labels: frozenset[str],
        links: dict[str, Symbol],
    ) -> None:
        wanted = self.second
        if scale is not None:
            wanted = [c * b for c, b in zip(scale, wanted, strict=True)]
        found = [_squeezed(a, b) for a, b in zip(found, wanted, strict=True)]
        z = to_text(self.margin.margin, self.margin.scope)
        what = f"hessian ∂²L/∂{z}²"
        if close(found, wanted, tolerance):
            negative = any((b < -1e-12).any() for b in wanted)
            note = "; it is negative at some points, where boosting adds it as it is" if negative else ""
            self.add(what, True, _digits(found, wanted) + note)
            return
        alike = all(a.shape == b.shape for a, b in zip(found, wanted, strict=True))
        if alike and self._floored(found, wanted, tolerance):
            self.add(what, True, "raised to a floor where it is small or negative")
            return
        stated = STATED.search(self.function.words)
        positive = alike and all(np.isfinite(a).all() and (a >= 0).all() for a in found)
        if positive and (self.margin.flat or all(not b.any() for b in wanted)):
            self.add(what, True, "the exact one is 0 beside the kinks, so something must stand in for it")
            return
        if positive and stated:
            self.add(what, True, f"not the second derivative, as its text states ({stated.group(0)})")
            return
        before = len(self.result.findings)
        forms = [(e, self.margin.scope) for e in (self.margin.closed, self.margin.second) if e is not None]
        self.compare(what, found, wanted, forms, self.margin.order, tolerance, labels, links)
        made = self.result.findings[before]
        words = self._known_hessian(found, wanted, tolerance)
        if words and made.words in ("it is another function", ""):
            made.words = words
        if gradient_right:
            made.words += " (the gradient is right)"

    def _known_hessian(self, found: list[Array], wanted: list[Array], tolerance: float) -> str:
        known = (
            ("it is the gradient", self.first),
            ("it is the square of the gradient", [g * g for g in self.first]),
            ("it is the size of the gradient", [np.abs(g) for g in self.first]),
            ("it is 1 everywhere, which the code does not say", [np.ones_like(b) for b in wanted]),
            ("it is the loss", self.loss),
            ("its sign is flipped", [-b for b in wanted]),
        )
        for words, values in known:
            if all(a.shape == b.shape for a, b in zip(found, values, strict=True)) and close(
                found, values, tolerance
            ):
                return words
        if all(np.ptp(a) == 0 for a in found if a.size):
            return "it is a constant, which the code does not say"
        return ""

    def _floored(self, found: list[Array], wanted: list[Array], tolerance: float) -> bool:
        low = min(float(a.min()) for a in found if a.size)
        raised = any((b < low * (1 - 1e-9)).any() for b in wanted)
        kept = sum(int((b > low).sum()) for b in wanted) * 2 >= sum(b.size for b in wanted)
        return low > 0 and raised and kept and close(found, [np.maximum(b, low) for b in wanted], tolerance)

    # --- weights, the gradient from above, far margins --------------------------------------------

    def _weights(self) -> None:
        takes = any(r in ("weight", "rows") for _, r in self.reading.roles)
        if not takes:
            return
        rng = np.random.default_rng(5)
        weights = [
            rng.uniform(0.5, 3, len(a[self.margin.margin.name])).astype(np.float32).astype(float)
            for a in self.points.arrays
        ]
        answers = run_calls(self.function, self.reading.framework, self._calls(weights))
        if self.failed(answers, "the call with weights"):
            return
        _, gradient, hessian = self._split(answers)
        read = any(a.weights_read for a in answers) or any(r == "weight" for _, r in self.reading.roles)
        plain = run_calls(self.function, self.reading.framework, self._calls())
        _, base, base_hessian = self._split(plain)
        if not read:
            self.result.said.append(
                "weights of rows are not looked at; the library leaves them to the objective"
            )
            return
        for what, found, one in (("gradient", gradient, base), ("hessian", hessian, base_hessian)):
            if found is None or one is None:
                continue
            found, one = self._layout(found), self._layout(one)
            spread = [w[:, None] if a.ndim == 2 else w for w, a in zip(weights, one, strict=True)]
            right = [w * a for w, a in zip(spread, one, strict=True)]
            if close(found, right, CLOSE_FLOAT32):
                self.add(f"weights on the {what}", True)
            else:
                squared = [w * w * a for w, a in zip(spread, one, strict=True)]
                words = "they are used in another way"
                if close(found, one, CLOSE_FLOAT32):
                    words = f"the {what} is not multiplied by them"
                elif close(found, squared, CLOSE_FLOAT32):
                    words = "they are squared"
                self.add(f"weights on the {what}", False, words, _evidence(found, right))

    def _upstream(self) -> None:
        rng = np.random.default_rng(6)
        above = [rng.normal(size=len(a[self.margin.margin.name])) for a in self.points.arrays]
        answers = run_calls(self.function, self.reading.framework, self._calls(upstream=above))
        if self.failed(answers, "the backward pass"):
            return
        value, found, _ = self._split(answers)
        scalar = value is not None and all(np.ndim(v) == 0 for v in value)
        scales = self._scale_numbers() if scalar else None
        wanted: list[Array] = []
        plain: list[Array] = []
        for k, b in enumerate(self.first):
            u: Any = above[k][0] if scalar else above[k]
            u = u[:, None] if not scalar and b.ndim == 2 else u
            plain.append(b * (scales[k] if scales else 1.0))
            wanted.append(u * plain[-1])
        found = [_squeezed(a, b) for a, b in zip(found, wanted, strict=True)]
        if close(found, wanted, CLOSE_FLOAT32):
            self.add("the backward pass", True, "multiplies the gradient from above")
            return
        words = "the gradient from above (grad_output) is not multiplied in"
        if not close(found, plain, CLOSE_FLOAT32):
            words = "the gradient from above is multiplied in another way"
        self.add("the backward pass", False, words, _evidence(found, wanted))

    def _far(self) -> None:
        """Where the margins are far out and the right result is finite, the code's must be it."""
        limit = FAR_FLOAT32 if self.dtype == "float32" else 800.0
        base, sizes = self.points.arrays[2], self.points.sizes[2]
        name = self.margin.margin.name
        rows = len(base[name])
        signs = np.where(np.arange(rows) % 2 == 0, 1.0, -1.0)
        far = Points()
        steps = [z for z in FAR if z <= limit]
        for z in steps:
            margins = base[name]
            waves = np.cos(np.arange(margins.shape[-1], dtype=float))
            shape = signs if margins.ndim == 1 else signs[:, None] * waves
            far.arrays.append({**base, name: z * shape})
            far.sizes.append(sizes)
        answers = run_calls(self.function, self.reading.framework, self._calls(points=far))
        checks = [("gradient", self.margin.first, self.margin.order, 1)]
        for what, e, axes, _ in checks:
            wanted = far.of(e, self.margin.scope, axes)
            if wanted is None:
                return
            for z, answer, right in zip(steps, answers, wanted, strict=True):
                if not np.isfinite(right).all() or np.abs(right).max() > 1e30:
                    continue
                if answer.error:
                    self.add(f"far margins, {what}", False, f"the call fails at |z| = {z:g}: {answer.error}")
                    return
                index = 1 if self.function.autograd or len(answer.parts) >= 3 else 0
                value = _squeezed(answer.parts[min(index, len(answer.parts) - 1)].value, right)
                if value.shape != right.shape:
                    return
                scales = self._scale_numbers()
                fair = [right] + ([right * scales[2]] if scales is not None else [])
                scale = 1e-4 * max(1.0, float(np.abs(right).max()))
                if not any(bool((np.abs(value - f) <= scale).all()) for f in fair):
                    words = (
                        f"the formula is right; the code is not safe beyond |{name}| = {_before(steps, z):g}"
                    )
                    self.add(f"far margins, {what}", False, words + self._safe(), _evidence([value], [right]))
                    return

    def _safe(self) -> str:
        return f"; a safe form: whygrad compile {self.cost.name or 'COST'} --to numpy"


def _before(steps: Sequence[float], z: float) -> float:
    at = steps.index(z)
    return steps[at - 1] if at else z


__all__ = ["Audit", "Finding", "audit", "audit_function"]
