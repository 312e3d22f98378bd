"""From formulas in index form to a program.

A sum of a product becomes one contraction, a product by itself an elementwise line; what is written
twice is computed once, because alike subexpressions are one node. Definitions are computed once
each, under their own names, and referred to under any letters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Final, Literal, NoReturn, cast

from whygrad.core.cost import Definition, Scope
from whygrad.core.errors import NoRuleError
from whygrad.core.expr import (
    Add,
    Apply,
    Call,
    Cases,
    Compare,
    Constant,
    Delta,
    Entry,
    Expr,
    Hole,
    Index,
    Mul,
    Number,
    Partial,
    Pow,
    Reduce,
    Size,
    Symbol,
)
from whygrad.core.functions import FUNCTIONS as ELEMENTARY
from whygrad.core.walk import (
    fold,
    free_indices,
    names,
    ordered_free_indices,
    rewrite_bottom_up,
    substitute,
)
from whygrad.lower.builder import Builder, Product, unique
from whygrad.lower.finish import numbered, used
from whygrad.lower.program import (
    Einsum,
    Fold,
    Gather,
    Input,
    Length,
    Matrix,
    Operand,
    Position,
    Program,
)
from whygrad.lower.sift import sift
from whygrad.lower.stabilise import Stabiliser

COMPARISONS: Final = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}
MOST_INLINED = 100
"""How often a function of the cost may call another before it is given up."""


def lower(
    outputs: Mapping[str, Expr],
    scope: Scope,
    *,
    axes: Mapping[str, tuple[Index, ...]] | None = None,
    stable: bool = True,
) -> Program:
    """A program that computes ``outputs``, formulas in index form.

    Parameters
    ----------
    outputs
        What to compute, by name.
    scope
        What the names in the formulas mean. Definitions are followed.
    axes
        The order of an output's free indices; otherwise that of their first appearance.
    stable
        Whether naive formulas are first rewritten to safe ones (:mod:`whygrad.rules.stability`).

    Returns
    -------
    Program
        In single assignment, without instructions that nothing uses.

    Raises
    ------
    NoRuleError
        For a part that cannot be computed: an array operation, an unevaluated derivative.

    Examples
    --------
    >>> i, m = Index("i", "m"), Symbol
    >>> program = lower({"J": Reduce("sum", i, Mul((m("a", (i,)), m("b", (i,)))))}, Scope())
    >>> [type(line.operation).__name__ for line in program.instructions]
    ['Input', 'Input', 'Einsum']
    """
    lowering = _Lowering(scope, stable)
    found = {name: lowering.result(e, name) for name, e in outputs.items()}
    orders = {name: (axes or {}).get(name) or ordered_free_indices(e) for name, e in outputs.items()}
    return numbered(used(lowering.build.instructions, found.values()), found, orders)


def _refuse(what: str) -> NoReturn:
    raise NoRuleError(
        "error/no-code",
        f"{what} cannot be computed in index form",
        fix="write it with sums, products and elementary functions",
    )


class _Lowering:
    def __init__(self, scope: Scope, stable: bool) -> None:
        self.scope = scope
        self.stabiliser = Stabiliser(scope) if stable else None
        self.build = Builder()
        self.defined: dict[str, Operand] = {}

    # --- order of definitions -------------------------------------------------------------------

    def result(self, e: Expr, name: str) -> Operand:
        """The operand that holds ``e``."""
        prepared = self._prepared(e)
        self._define(prepared)
        if name in self.scope.declarations or name in self.scope.definitions:
            return self._scalar(prepared)
        return self.build.rename(self._scalar(prepared), name)

    def _scalar(self, e: Expr) -> Operand:
        """One entry's formula as an operand; an axis that no letter stands for was a whole array."""
        found = self.build.force(self._value(e))
        if not set(found.axes) <= free_indices(e):
            _refuse("a whole array")
        return found

    def _prepared(self, e: Expr) -> Expr:
        inlined = sift(_inline(e, self.scope))
        return self.stabiliser.stable(inlined) if self.stabiliser else inlined

    def _define(self, e: Expr) -> None:
        """Compute what ``e`` refers to, the innermost first."""
        ready: dict[str, Expr] = {}
        todo = [(name, False) for name in sorted(names(e))]
        while todo:
            name, below_done = todo.pop()
            definition = self.scope.definitions.get(name)
            if definition is None or definition.is_function or name in self.defined:
                continue
            if below_done:
                self._compute(definition, ready[name])
                continue
            if definition.by_array:
                _refuse(f"{name}, which is written for whole arrays,")
            ready[name] = self._prepared(definition.body)
            todo.append((name, True))
            todo.extend((inner, False) for inner in sorted(names(ready[name])))

    def _compute(self, definition: Definition, body: Expr) -> None:
        found = self._scalar(body)
        found = self.build.rename(found, definition.name)
        self.build.note(found.value, defines=definition.name)
        self.defined[definition.name] = found

    # --- one formula ----------------------------------------------------------------------------

    def _value(self, e: Expr) -> Product:
        return fold(e, self._node)

    def _node(self, e: Expr, kids: tuple[Product, ...]) -> Product:
        before = len(self.build.instructions)
        found = self._operation(e, kids)
        rules = self.stabiliser.rules.get(e, ()) if self.stabiliser else ()
        if rules and len(self.build.instructions) > before:
            self.build.note(self.build.instructions[-1].name, rules)
        elif rules and found.factors:
            self.build.note(found.factors[-1][0].value, rules)
        return found

    def _operation(self, e: Expr, kids: tuple[Product, ...]) -> Product:
        b = self.build
        match e:
            case Number(value):
                return Product(value)
            case Constant(name):
                return self._one(b.number(name))
            case Size(dim):
                return self._one(b.emit(Length(dim)))
            case Index():
                return self._one(b.emit(Position(e.dim), (e,)))
            case Symbol():
                return self._one(self._symbol(e, kids))
            case Add():
                return self._one(self._sum(kids))
            case Mul():
                product = Product()
                for kid in kids:
                    product = product.times(kid)
                return product
            case Pow():
                return self._power(e, kids[0], kids[1])
            case Call(name):
                return self._one(self._call(name, kids))
            case Reduce():
                return self._reduce(e, *kids)
            case Compare() | Delta():
                return self._one(self._condition(e, kids))
            case Cases():
                return self._one(self._cases(kids))
            case Apply(op, (Symbol(),)) if op in ("inv", "det", "logdet"):
                return self._one(self._matrix(e, b.force(kids[0])))
            case Entry(_, indices) if all(isinstance(i, Index) for i in indices):
                held = b.force(kids[0])
                letters = tuple(i for i in indices if isinstance(i, Index))
                return self._one(self._relabelled(held, letters))
            case Apply(op):
                _refuse(f"the array operation {op}")
            case Partial():
                _refuse("an unevaluated derivative")
            case Entry() | Hole() | _:
                _refuse(f"{type(e).__name__}")

    def _matrix(self, e: Apply, operand: Operand) -> Operand:
        """The inverse or a determinant of a named matrix."""
        if len(operand.axes) != 2:
            _refuse(f"{e.op} of what is not a matrix")
        definition = self.scope.definitions.get(names_of(e.args[0]))
        rows, columns = definition.indices if definition is not None else operand.axes
        if {rows, columns} != set(operand.axes):
            _refuse(f"{e.op} of a matrix that is the same along an axis")
        axes = (rows, columns) if e.op == "inv" else ()
        op = cast("Literal['inv', 'det', 'logdet']", e.op)
        return self.build.emit(Matrix(op, operand, (rows, columns)), axes)

    def _one(self, operand: Operand) -> Product:
        return Product(Fraction(1), ((operand, False),))

    def _symbol(self, e: Symbol, kids: tuple[Product, ...]) -> Operand:
        definition = self.scope.definitions.get(e.name)
        if definition is not None:
            held, letters = self.defined[e.name], definition.indices
        else:
            dims = self.scope.dims_of(e.name) or tuple("" for _ in e.indices)
            letters = tuple(Index(f"#{n}", dim) for n, dim in enumerate(dims))
            held = self._input(e.name, letters)
        if not e.indices and letters:
            return held  # the whole array, which only a matrix operation takes
        if len(e.indices) != len(letters):
            _refuse(f"{e.name} with {len(e.indices)} indices")
        place = dict(zip(letters, range(len(letters)), strict=True))
        used = [place[axis] for axis in held.axes]
        at = [e.indices[n] for n in used]
        whole = [i for i, axis in zip(at, held.axes, strict=True) if _runs_along(i, axis.dim)]
        if len(whole) == len(at):
            return self._relabelled(held, tuple(i for i in whole if isinstance(i, Index)))
        positions = tuple(self._offset(e.indices[n], kids[n]) for n in used)
        axes = unique(o.axes for o in positions)
        return self.build.emit(Gather(held.value, positions), axes)

    def _input(self, name: str, letters: tuple[Index, ...]) -> Operand:
        return self.build.emit(Input(name), letters, name)

    def _relabelled(self, held: Operand, letters: tuple[Index, ...]) -> Operand:
        found = replace(held, axes=letters)
        if len(set(letters)) == len(letters):
            return found
        return self.build.emit(Einsum((found,)), unique((letters,)))

    def _offset(self, index: Expr, value: Product) -> Operand:
        """A position counting from 0. Data values that name positions count from 0 as they are."""
        operand = self.build.force(value)
        if isinstance(index, Symbol):
            declared = self.scope.declarations.get(index.name)
            if declared is None or declared.low is None or declared.low < 1:
                return operand
        return self.build.call("sub", operand, self.build.number(1))

    def _sum(self, kids: tuple[Product, ...]) -> Operand:
        # Terms to add come first, so that the line begins without a minus where it can.
        terms = sorted(kids, key=lambda p: p.coefficient < 0)
        found = self.build.force(terms[0])
        found = self.build.numeric(found)
        for term in terms[1:]:
            minus = term.coefficient < 0
            size = Product(abs(term.coefficient), term.factors)
            other = self.build.numeric(self.build.force(size))
            found = self.build.call("sub" if minus else "add", found, other)
        return found

    def _power(self, e: Pow, base: Product, exponent: Product) -> Product:
        if isinstance(e.base, Constant) and e.base.name == "e":
            return self._one(self.build.call("exp", self.build.force(exponent)))
        if isinstance(e.exponent, Number):
            value = e.exponent.value
            if value in (1, -1, 2, -2) and not (value < 0 and base.coefficient == 0):
                held = self._one(self.build.numeric(self.build.force(base)))
                whole = base if len(base.factors) == 1 and not self._guarded(base) else held
                product = whole if abs(value) == 1 else whole.times(whole)
                return product if value > 0 else product.inverted()
            if value == Fraction(1, 2):
                return self._one(self.build.call("sqrt", self.build.force(base)))
        raised = self.build.numeric(self.build.force(base))
        return self._one(self.build.call("pow", raised, self.build.force(exponent)))

    def _guarded(self, product: Product) -> bool:
        return any(self.build.is_condition(o) for o, _ in product.factors)

    def _call(self, name: str, kids: tuple[Product, ...]) -> Operand:
        if name not in ELEMENTARY:
            _refuse(f"the function {name}")
        return self.build.call(name, *(self.build.numeric(self.build.force(kid)) for kid in kids))

    def _reduce(self, e: Reduce, inside: Product, *condition: Product) -> Product:
        where = self.build.truth(condition[0]) if condition else None
        if e.op == "sum":
            return self.build.sum_over(e.index, inside, where)
        body = self.build.numeric(self.build.force(inside))
        if where is not None:
            neutral = {"prod": 1, "max": "-inf", "min": "inf"}[e.op]
            body = self.build.where(where, body, self.build.number(neutral))
        if e.index not in body.axes:
            if e.op != "prod":
                return self._one(body)
            length = self.build.emit(Length(e.index.dim))
            return self._one(self.build.call("pow", body, length))
        axes = tuple(axis for axis in body.axes if axis is not e.index)
        return self._one(self.build.emit(Fold(e.op, body), axes))

    def _condition(self, e: Compare | Delta, kids: tuple[Product, ...]) -> Operand:
        b = self.build
        if isinstance(e, Delta):
            return b.condition("eq", *(b.force(kid) for kid in kids))
        if e.op == "not":
            return b.condition("not", b.truth(kids[0]))
        if e.op in ("and", "or"):
            found = b.truth(kids[0])
            for kid in kids[1:]:
                found = b.condition(e.op, found, b.truth(kid))
            return found
        sides = [self._side(e, n, kid) for n, kid in enumerate(kids)]
        tests = [b.condition(COMPARISONS[e.op], *pair) for pair in pairwise(sides)]
        return b.all_of(tests)

    def _side(self, e: Compare, n: int, kid: Product) -> Operand:
        """One side of a comparison. An index beside a data value counts from 0, as the file does."""
        found = self.build.numeric(self.build.force(kid))
        others = [arg for k, arg in enumerate(e.args) if k != n]
        if isinstance(e.args[n], Index) and any(self._counts_from_zero(arg) for arg in others):
            return self.build.call("sub", found, self.build.number(1))
        return found

    def _counts_from_zero(self, e: Expr) -> bool:
        if not isinstance(e, Symbol) or e.name not in self.scope.declarations:
            return False
        declared = self.scope.declarations[e.name]
        return declared.kind == "data" and (declared.low is None or declared.low < 1)

    def _cases(self, kids: tuple[Product, ...]) -> Operand:
        b = self.build
        found = b.numeric(b.force(kids[-1]))
        for condition, value in reversed(list(zip(kids[:-1:2], kids[1:-1:2], strict=True))):
            found = b.where(b.truth(condition), b.numeric(b.force(value)), found)
        return found


def _runs_along(index: Expr, dim: str) -> bool:
    """Whether an index runs over a whole dimension: not where it is shortened, as for x[t+1]."""
    return isinstance(index, Index) and (index.dim == dim or not dim)


def names_of(e: Expr) -> str:
    """The name of a symbol."""
    return e.name if isinstance(e, Symbol) else ""


def _inline(e: Expr, scope: Scope) -> Expr:
    """Put the bodies of the cost's own functions in place of their calls."""

    def step(node: Expr) -> Expr:
        if not isinstance(node, Call) or node.name not in scope.definitions:
            return node
        definition = scope.definitions[node.name]
        given = (Symbol(p) for p in definition.parameters)
        return substitute(definition.body, dict(zip(given, node.args, strict=True)))

    for _ in range(MOST_INLINED):
        inlined = rewrite_bottom_up(e, step)
        if inlined is e:
            return e
        e = inlined
    _refuse("a function that calls itself")
