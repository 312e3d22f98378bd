"""The programs of a lesson: data to try things on, the definitions and the gradient with loops and without.

They follow the circuit: a function for every local derivative, an array for every gradient on a wire.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from whygrad.backends.numpy_names import HELPERS
from whygrad.backends.numpy_text import numpy_source
from whygrad.core.circuit import Circuit, Node, Wire
from whygrad.core.cost import Cost, Declaration, Definition
from whygrad.core.derivation import Derivation
from whygrad.core.errors import WhygradError
from whygrad.core.expr import Call, Expr, Index, Partial, Symbol
from whygrad.core.walk import names, ordered_free_indices, postorder, substitute, symbols
from whygrad.engine.derive import closed
from whygrad.engine.differentiate import letters_of
from whygrad.lower.lower import lower
from whygrad.lower.program import Program
from whygrad.meaning.shapes import size_of_dim
from whygrad.show.text import to_text
from whygrad.teach.python_text import PythonNames, Spelling

_EXAMPLES, _FEATURES, _OTHERS = 60, 2, 3


@dataclass(frozen=True, slots=True)
class Source:
    """A function of NumPy: its text, its name, and what to call it with."""

    text: str
    name: str
    arguments: tuple[str, ...]

    @property
    def call(self) -> str:
        """The call."""
        return f"{self.name}({', '.join(self.arguments)})"


@dataclass(frozen=True, slots=True)
class Classifier:
    """A model of two classes over two features: ``score`` is above ``border`` for the second label."""

    source: Source
    shown: str
    x: str
    y: str
    border: float
    labels: tuple[str, str]


@dataclass(frozen=True)
class Programs:
    """The code of one cost, after its derivation and its circuit."""

    derivation: Derivation
    circuit: Circuit
    names: PythonNames = field(init=False)

    @property
    def by_index(self) -> Cost:
        """The cost with index definitions."""
        return self.derivation.cost

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", PythonNames(self.by_index.scope))

    # --- sizes and data -------------------------------------------------------------------------

    @cached_property
    def example_dim(self) -> str:
        """The dimension of the examples: the root's, else the first of the first data."""
        for index in self.circuit.root.indices:
            if isinstance(index, Index):
                return index.dim
        return next((d.dims[0] for d in self.by_index.declarations if d.kind == "data" and d.dims), "")

    @cached_property
    def sizes(self) -> dict[str, int]:
        """A small size for every dimension."""
        cost = self.by_index
        hot = {
            d.dims[-1]
            for d in cost.declarations
            for dom in d.domains
            if dom.kind in ("onehot", "simplex") and d.dims
        }
        measured = {dim for d in cost.declarations if d.kind == "data" for dim in d.dims}
        many = _EXAMPLES if self.circuit.root.indices else 12
        out: dict[str, int] = {}
        for dim in cost.dims:
            if not dim.isidentifier():
                continue
            if dim == self.example_dim:
                out[dim] = many
            else:
                out[dim] = _FEATURES if dim in measured and dim not in hot else _OTHERS
        return {**out, **{d: size_of_dim(d, out) for d in cost.dims if d not in out}}

    def data_cell(self) -> str:
        """Sizes, data, constants and first parameters, as NumPy."""
        scope = self.by_index.scope
        shown = [d for d in self.by_index.dims if d.isidentifier()]
        left = ", ".join(self.names.size(d) for d in shown)
        right = ", ".join(str(self.sizes[d]) for d in shown)
        lines = [f"{left} = {right}"] if shown else []
        lines += [
            f"{self.names.size(d)} = {self.sizes[d]}" for d in self.by_index.dims if not d.isidentifier()
        ]
        lines += ["rng = np.random.default_rng(0)", ""]
        features = self._features()
        for kind in ("data", "const", "param"):
            for d in (d for d in scope.declarations.values() if d.kind == kind):
                lines.append(f"{self.names.name(d.name)} = {self._drawn(d, features)}")
        return "\n".join(lines)

    def _shape(self, dims: Sequence[str]) -> str:
        inner = ", ".join(self.names.size(d) for d in dims)
        return inner if len(dims) == 1 else f"({inner})"

    def _features(self) -> Declaration | None:
        """The data table that targets are made from: real, with a row for each example."""
        for d in self.by_index.declarations:
            if d.kind == "data" and len(d.dims) == 2 and d.dims[0] == self.example_dim and not d.domains:
                return d
        return None

    def _drawn(self, d: Declaration, features: Declaration | None) -> str:
        shape = self._shape(d.dims)
        if d.kind == "const":
            return f"np.array({_constant(d)})" if not d.dims else f"np.full({shape}, {_constant(d)})"
        if d.kind == "param":
            return self._start(d, shape)
        kinds = {domain.kind: domain for domain in d.domains}
        linear = None
        if features is not None and d is not features and d.dims[:1] == (self.example_dim,):
            x, n = self.names.name(features.name), self.names.size(features.dims[1])
            noise = f"rng.normal(size={shape})"
            if len(d.dims) == 1:
                linear = f"{x} @ np.linspace(1.5, -1, {n}) + 0.3 + {noise}"
            elif "onehot" in kinds:
                k = self.names.size(d.dims[1])
                return f"np.eye({k})[np.argmax({x} @ rng.normal(size=({n}, {k})) + 0.5 * {noise}, axis=1)]"
        if "onehot" in kinds or "simplex" in kinds:
            k = self.names.size(d.dims[-1])
            rest = self._shape(d.dims[:-1])
            drawn = f"rng.integers(0, {k}, size={rest})" if d.dims[:-1] else f"rng.integers(0, {k})"
            return (
                f"np.eye({k})[{drawn}]" if "onehot" in kinds else f"rng.dirichlet(np.ones({k}), size={rest})"
            )
        if d.values:
            return _labels(d.values, linear, shape)
        if "integer" in kinds and (dim := self._indexed_by(d.name)):
            first = max(int(d.low or 0), 0)
            return f"rng.integers({first}, {first} + {self.names.size(dim)}, size={shape})"
        if "integer" in kinds:
            least = max(d.low or Fraction(0), Fraction(0))
            shift = f"{least} + " if least else ""
            return f"{shift}rng.poisson(1.5, size={shape}).astype(float)"
        if kinds.keys() & {"spd", "symmetric"}:
            return _spd(self.names.size(d.dims[-1]))
        if d.positive or d.nonnegative:
            high = next((dom.high for dom in d.domains if dom.high is not None), None)
            return (
                f"rng.uniform(0.1, {float(high) * 0.9:g}, size={shape})"
                if high
                else f"rng.gamma(2.0, size={shape})"
            )
        return linear.replace(" + rng", " + 0.3 * rng") if linear else f"rng.normal(size={shape})"

    def _indexed_by(self, name: str) -> str:
        """The dimension whose positions a name holds, if it stands as an index."""
        for d in self.by_index.definitions:
            for symbol in symbols(d.body):
                for k, index in enumerate(symbol.indices):
                    if name in names(index):
                        return self.by_index.scope.dims_of(symbol.name)[k]
        return ""

    def _start(self, d: Declaration, shape: str) -> str:
        kinds = {domain.kind for domain in d.domains}
        if kinds & {"spd", "symmetric"}:
            return _spd(self.names.size(d.dims[-1]))
        if "simplex" in kinds:
            k = self.names.size(d.dims[-1])
            return f"np.full({shape}, 1 / {k})"
        if d.positive or d.nonnegative:
            return f"rng.uniform(0.4, 0.9, size={shape})" if d.dims else "np.array(0.7)"
        return f"0.5 * rng.normal(size={shape})" if d.dims else "np.array(0.1)"

    # --- with loops -----------------------------------------------------------------------------

    @property
    def gates(self) -> list[Node]:
        """The definitions in the order of the forward pass."""
        return [n for n in self.circuit.nodes if n.operation is not None]

    def helpers(self) -> str:
        """The functions that NumPy does not have, as far as the cost uses them."""
        body = self.forward_cell() + self.local_cell()
        used = [name for name in HELPERS if f"{name}(" in body]
        used += [n for name in used for n in HELPERS if f"{n}(" in HELPERS[name] and n not in used]
        made = [HELPERS[name] for name in HELPERS if name in used]
        return "\n\n\n".join(
            ["from scipy import special", *made] if "special." in body + "".join(made) else made
        )

    def forward_cell(self) -> str:
        """Every definition the cost needs, entry by entry; raises NoRuleError where loops do not say it."""
        spell = Spelling(self.names)
        blocks: list[str] = []
        for d in self.by_index.definitions:
            if d.is_function:
                head = ", ".join(self.names.name(p) for p in d.parameters)
                blocks.append(f"def {self.names.name(d.name)}({head}):\n    return {spell.text(d.body)}\n")
                continue
            name = self.names.name(d.name)
            if not d.indices:
                blocks.append(f"{name} = np.array({spell.text(d.body)})")
                continue
            lines = [f"{name} = np.zeros({self._shape(d.dims)})"]
            lines += self._loop(d.indices, f"{name}{spell.places(d.indices)} = {spell.text(d.body)}")
            blocks.append("\n".join(lines))
        return "\n".join(blocks)

    def _loop(self, letters: Iterable[Index], inside: str) -> list[str]:
        lines: list[str] = []
        depth = 0
        for index in letters:
            lines.append(
                f"{'    ' * depth}for {self.names.letter(index)} in range({self.names.size(index.dim)}):"
            )
            depth += 1
        return [*lines, f"{'    ' * depth}{inside}"]

    def wires(self) -> list[Wire]:
        """The wires with a local derivative, from the root back."""
        return [w for n in reversed(self.gates) for w in self.circuit.into(n.name) if w.local is not None]

    def _function(self, wire: Wire) -> str:
        return f"d{self.names.name(wire.target)}_d{self.names.name(wire.source)}"

    def _letters(self, e: Expr) -> str:
        return ", ".join(self.names.letter(i) for i in ordered_free_indices(e))

    def local_cell(self) -> str:
        """A function for every gate's output and every local derivative, and a check of each."""
        spell, scope = Spelling(self.names), self.circuit.scope
        blocks: list[str] = []
        for node in reversed(self.gates):
            wires = [w for w in self.circuit.into(node.name) if w.local is not None]
            for wire in wires:
                assert wire.left is not None
                assert wire.local is not None
                assert isinstance(wire.left.body, Symbol)
                upper, lower_ = wire.left.body, wire.left.wrt
                body = self._body(upper)
                name, f = self._function(wire), f"{self.names.name(wire.target)}_at"
                said = f"  # {wire.stage}" if wire.stage else ""
                at = self.names.name(wire.source)
                letters = self._letters(wire.left)
                sizes = ", ".join(self.names.size(i.dim) for i in ordered_free_indices(wire.left))
                place = ", ".join(self.names.letter(i) for i in lower_.indices if isinstance(i, Index))
                single = "," if sizes and "," not in sizes else ""
                comma = "," if place and "," not in place else ""
                blocks.append(
                    f"def {f}({letters}):\n    return {spell.text(body)}\n\n\n"
                    f"def {name}({letters}):{said}\n    return {spell.text(wire.local)}\n\n\n"
                    f'check("{to_text(wire.left, scope)}", {f}, {name}, {at}, '
                    f"lambda {letters}: ({place}{comma}), ({sizes}{single}))\n"
                )
        return "\n\n".join(blocks)

    def _body(self, upper: Symbol) -> Expr:
        """What the gate computes at the letters it has on this wire."""
        definition = self.by_index.definition(upper.name)
        swap: dict[Expr, Expr] = dict(zip(definition.indices, upper.indices, strict=True))
        return substitute(definition.body, swap)

    def loops_cell(self) -> str:
        """The gradients multiplied back along the wires, entry by entry."""
        circuit, scope = self.circuit, self.circuit.scope
        functions: dict[Expr, str] = {
            left: f"{self._function(w)}({self._letters(w.left)})"
            for w in self.wires()
            for left in (w.left, w.shown)
            if left is not None and w.left is not None
        }
        root = circuit.root
        letters = [i for i in root.indices if isinstance(i, Index)]
        blocks: list[str] = []
        for node in circuit.backward:
            if node.gradient_left is None or node.name == root.name or node.paths is None:
                continue
            known = {**functions, **self._gradients(node.paths, root, node.name)}
            own = [*letters, *(i for i in node.symbol.indices if isinstance(i, Index) and i not in letters)]
            grad = f"grad_{self.names.name(node.name)}"
            text = Spelling(self.names, known).text(node.paths)
            lines = [
                f"{grad} = np.zeros({self._shape([i.dim for i in own])})"
                f"  # {to_text(node.gradient_left, scope)}"
            ]
            lines += self._loop(own, f"{grad}{self._places(own)} = {text}")
            blocks.append("\n".join(lines))
        for result in circuit.results:
            assert isinstance(result.left, Partial)
            wrt = result.left.wrt
            name, own = self.names.name(wrt.name), [i for i in wrt.indices if isinstance(i, Index)]
            if result.assembled is None:
                blocks.append(f"dJ_d{name} = grad_{name}")
                continue
            known = self._gradients(result.assembled, root, "")
            text = Spelling(self.names, known).text(result.assembled)
            lines = [
                f"dJ_d{name} = np.zeros({self._shape([i.dim for i in own])})  # {to_text(result.left, scope)}"
            ]
            lines += self._loop(own, f"dJ_d{name}{self._places(own)} = {text}")
            blocks.append("\n".join(lines))
        return "\n\n".join(blocks)

    def _places(self, letters: Sequence[Index]) -> str:
        return f"[{', '.join(self.names.letter(i) for i in letters)}]" if letters else "[()]"

    def _gradients(self, e: Expr, root: Symbol, here: str) -> dict[Expr, str]:
        """How the root's derivatives in it are written: as entries of the arrays of gradients."""
        out: dict[Expr, str] = {}
        for node in postorder(e):
            if not isinstance(node, Partial):
                continue
            if isinstance(node.body, Symbol) and node.body.name == root.name and node.wrt.name != here:
                first = [i for i in node.body.indices if isinstance(i, Index)]
                own = [*first, *(i for i in node.wrt.indices if isinstance(i, Index) and i not in first)]
                out[node] = f"grad_{self.names.name(node.wrt.name)}{self._places(own)}"
        return out

    # --- without loops --------------------------------------------------------------------------

    def vector_program(self, name: str = "cost_and_gradient") -> Source:
        """One function: the cost and its gradients as array operations."""
        outputs: dict[str, Expr] = {"J": self.circuit.goal_name}
        axes: dict[str, tuple[Index, ...]] = {}
        for result in self.circuit.results:
            assert isinstance(result.left, Partial)
            wrt = result.left.wrt
            key = f"dJ_d{wrt.name}"
            outputs[key] = self._written_out(wrt.name, result.value)
            axes[key] = tuple(i for i in wrt.indices if isinstance(i, Index))
        return self._source(lower(outputs, self.by_index.scope, axes=axes, stable=False), name)

    def _written_out(self, name: str, value: Expr) -> Expr:
        """A gradient without the cotangents that a long derivation keeps as names."""
        stages = [s for p in self.derivation.parameters if p.wrt.name == name for s in p.stages]
        return closed(value, stages, letters_of(self.by_index.scope), None) or value

    def _source(self, program: Program, name: str) -> Source:
        """The source, and how its arguments are called in the notebook."""
        text = numpy_source(program, name)
        written = [part.strip() for part in text.partition(f"def {name}(")[2].partition(")")[0].split(",")]
        given = [self.names.name(x) for x in program.inputs]
        dims = {"".join(c if c.isalnum() else "_" for c in d): d for d in self.by_index.dims}
        sizes = [self.names.size(dims.get(w, dims.get(w.rstrip("_"), w))) for w in written[len(given) :] if w]
        return Source(text, name, (*given, *sizes))

    @property
    def parameters(self) -> list[str]:
        """The parameters in the order of the results, as Python names."""
        return [self.names.name(r.left.wrt.name) for r in self.circuit.results if isinstance(r.left, Partial)]

    # --- what can be drawn ----------------------------------------------------------------------

    def two_weights(self) -> tuple[str, str] | None:
        """How two weights are written whose cost can be drawn: entries of one vector, or two numbers."""
        declared = {d.name: d for d in self.by_index.parameters}
        for result in self.circuit.results:
            assert isinstance(result.left, Partial)
            d = declared[result.left.wrt.name]
            if len(d.dims) == 1 and self.sizes[d.dims[0]] == 2 and not d.domains:
                name = self.names.name(d.name)
                return f"{name}[0]", f"{name}[1]"
        single = [self.names.name(n) for n, d in declared.items() if not d.dims and not d.domains]
        return (f"{single[0]}[()]", f"{single[1]}[()]") if len(single) > 1 else None

    def classifier(self) -> Classifier | None:
        """For two classes and two features: the score and where its border is."""
        features = self._features()
        target = next(
            (d for d in self.by_index.declarations if len(d.values) == 2 and len(d.dims) == 1), None
        )
        if features is None or target is None or self.sizes[features.dims[1]] != 2:
            return None
        score = self._score(target.name)
        if score is None:
            return None
        program = lower({score.name: Symbol(score.name, score.indices)}, self.by_index.scope)
        tables = {d.name for d in self.by_index.declarations if d.kind == "data"} & {*program.inputs}
        if tables != {features.name}:
            return None
        source = self._source(program, "score")
        unit = _is_probability(score.body)
        low, high = (str(v) for v in sorted(target.values))
        x, y = self.names.name(features.name), self.names.name(target.name)
        return Classifier(source, to_text(Symbol(score.name, score.indices), self.circuit.scope), x, y,
                          0.5 if unit else 0.0, (low, high))  # fmt: skip

    def _score(self, target: str) -> Definition | None:
        """The last definition, one number for each example, that does not use the target."""
        uses: dict[str, set[str]] = {}
        found: Definition | None = None
        for d in self.by_index.definitions:
            direct = {s.name for s in symbols(d.body)}
            uses[d.name] = direct.union(*(uses.get(n, set()) for n in direct))
            if d.dims == (self.example_dim,) and target not in uses[d.name]:
                found = d
        return found


def _is_probability(e: Expr) -> bool:
    return isinstance(e, Call) and e.name in ("sigmoid", "Phi")


def _constant(d: Declaration) -> str:
    if d.value is not None:
        return f"{float(d.value):g}"
    high = next((dom.high for dom in d.domains if dom.high is not None), None)
    if high is not None:
        return f"{float(high + (d.low or 0)) / 2:g}"
    return "0.1" if d.name in ("lambda", "epsilon", "alpha", "eta") else "1.0"


def _labels(values: Sequence[Fraction], linear: str | None, shape: str) -> str:
    if linear is not None and len(values) == 2:
        low, high = (f"{float(v):.1f}" for v in sorted(values))
        return f"np.where({linear} > 0, {high}, {low})"
    return f"rng.choice([{', '.join(f'{float(v):.1f}' for v in values)}], size={shape})"


def _spd(size: str) -> str:
    return f"(lambda A: A @ A.T / {size} + np.eye({size}))(rng.normal(size=({size}, {size})))"


def can_loop(programs: Programs) -> bool:
    """Whether the cost can be written with loops over single entries."""
    try:
        programs.forward_cell()
        programs.local_cell()
        programs.loops_cell()
    except WhygradError:
        return False
    return True
