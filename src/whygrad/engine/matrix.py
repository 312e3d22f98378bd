"""Index form to matrix form, as people write it: ``1/m sum_i (f_i - y_i) x_ij`` is ``1/m X'(f - y)``.

Values carry at most two axes. Each conversion is held against the index form: by the same form, else by
the judges, with all dimensions distinct. What has no matrix form says why.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from whygrad.core import walk
from whygrad.core.cost import Declaration, Scope
from whygrad.core.derivation import Evidence
from whygrad.core.errors import ShapeError
from whygrad.core.expr import (
    MINUS_ONE,
    Add,
    Apply,
    Call,
    Cases,
    Compare,
    Constant,
    Delta,
    Entry,
    Expr,
    Index,
    Mul,
    Number,
    Pow,
    Reduce,
    Size,
    Symbol,
    add,
    factors_of,
    mul,
)
from whygrad.engine.contraction import NoFormError, Value, contract, parted, power, transpose, transposed
from whygrad.meaning.equal import same_value
from whygrad.meaning.shapes import shape_of
from whygrad.meaning.to_index import to_index

LARGEST_EXPANSION: Final = 32
"""Most terms a product of sums is multiplied out into."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix form, its sizes ("(n) = (n,m) (m)"), and how it was checked."""

    body: Expr
    shapes: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class NoMatrix:
    """Why there is no matrix form."""

    reason: str


def to_matrix(e: Expr, scope: Scope, over: tuple[Index, ...]) -> Matrix | NoMatrix:
    """Write an index form with whole arrays.

    Parameters
    ----------
    e
        An expression in index form whose free letters are among ``over``.
    scope
        What its names are; definitions are names of arrays here and not followed.
    over
        The letters of the result: none for a number, one for a column, two for a matrix.

    Examples
    --------
    >>> X, r = Declaration("X", "data", ("m", "n")), Declaration("r", "data", ("m",))
    >>> i, j = Index("i", "m"), Index("j", "n")
    >>> e = Reduce("sum", i, Mul((Symbol("r", (i,)), Symbol("X", (i, j)))))
    >>> form = to_matrix(e, Scope({"X": X, "r": r}), (j,))
    >>> form.body is Apply("matmul", (Apply("transpose", (Symbol("X"),)), Symbol("r")))
    True
    >>> form.shapes
    '(n) = (n,m) (m)'
    """
    free = walk.free_indices(e) - set(over)
    if free:
        return NoMatrix(f"the index {min(i.letter for i in free)} is free")
    if len(over) > 2:
        return NoMatrix("a value with more than two indices is not a matrix")
    shaped = _as_arrays(scope)
    try:
        value = _Converter(shaped, over).converted(e)
        body = _with_norms(_with_means(value.body, shaped), shaped)
        if shape_of(body, shaped) != tuple(index.dim for index in over):
            return NoMatrix("its shape is not that of the index form")
    except NoFormError as error:
        return NoMatrix(str(error))
    except ShapeError as error:
        return NoMatrix(error.reason)
    evidence = _checked(e, body, shaped, over)
    if evidence is None:
        return NoMatrix("the matrix form could not be checked")
    return Matrix(body, shapes_text(body, shaped), evidence)


_KEPT: Final = 16
_shaped: OrderedDict[int, tuple[Scope, Scope]] = OrderedDict()


def _as_arrays(scope: Scope) -> Scope:
    """Definitions as arrays of free entries: what holds for those holds for the defined ones.

    One scope gives one, so that a judge may remember it; the last few are kept.
    """
    found = _shaped.get(id(scope))
    if found is not None:  # the scope is held beside it, so its id is still its own
        return found[1]
    declarations = dict(scope.declarations)
    for name, definition in scope.definitions.items():
        if not definition.is_function:
            declarations.setdefault(name, Declaration(name, "data", definition.dims))
    shaped = Scope(declarations, {n: d for n, d in scope.definitions.items() if d.is_function})
    _shaped[id(scope)] = scope, shaped
    if len(_shaped) > _KEPT:
        _shaped.popitem(last=False)
    return shaped


def _checked(e: Expr, body: Expr, shaped: Scope, over: tuple[Index, ...]) -> Evidence | None:
    """How the matrix form was found to be the index form; None if it was not."""
    by_index = to_index(body, shaped, over)
    if walk.same_form(by_index, e):
        return Evidence("proved", "written by index it is the same form")
    verdict = same_value(e, by_index, shaped)
    return verdict.evidence if verdict.kind == "equal" else None


class _Converter:
    """Converts every part once, children first."""

    def __init__(self, scope: Scope, over: Sequence[Index]) -> None:
        self.scope, self.over = scope, over
        self._done: dict[Expr, Value | NoFormError] = {}

    def converted(self, e: Expr) -> Value:
        """The value of ``e`` over all letters of the result."""
        return self._placed(self.value(e))

    def _placed(self, v: Value) -> Value:
        over = tuple(self.over)
        if v.axes == over:
            return v
        if v.axes == over[::-1]:
            return transpose(v)
        if len(over) == 1 or not v.axes:
            ones = Apply("ones", tuple(Size(index.dim) for index in over))
            return Value(over, mul(v.body, ones))
        return Value(over, self._widened(v, over))

    def value(self, e: Expr) -> Value:
        """The value of ``e``, or its reason raised."""
        if e not in self._done:
            for node in walk.postorder(e):
                if node not in self._done:
                    try:
                        self._done[node] = self._convert(node)
                    except NoFormError as error:
                        self._done[node] = error
        found = self._done[e]
        if isinstance(found, NoFormError):
            raise NoFormError(*found.args)
        return found

    def _has_value(self, e: Expr) -> bool:
        try:
            self.value(e)
        except NoFormError:
            return False
        return True

    def _convert(self, e: Expr) -> Value:
        match e:
            case Number() | Constant() | Size():
                return Value((), e)
            case Symbol(name, indices):
                return self._array(Symbol(name), indices, self.scope.dims_of(name), name)
            case Entry(array, indices):
                if walk.free_indices(array):
                    raise NoFormError("an array that changes with an index is not a matrix")
                return self._array(array, indices, shape_of(array, self.scope), "an array")
            case Apply():
                if walk.free_indices(e) or shape_of(e, self.scope):
                    raise NoFormError("it mixes whole arrays with indices")
                return Value((), e)
            case Delta(Index() as left, Index() as right):
                return Value((left, right), Apply("identity", (Size(left.dim),)))
            case Add(terms):
                return self._sum([self.value(term) for term in terms])
            case Mul(factors):
                return self._product(factors, ())
            case Pow(base, exponent):
                return self._power(base, exponent)
            case Call() | Compare() | Cases():
                parts = [self.value(kid) for kid in walk.children(e)]
                axes, bodies = self._together(parts)
                return Value(axes, walk.rebuild(e, tuple(bodies)))
            case Reduce("sum"):
                return self._reduce(e)
            case Reduce():
                return self._extreme(e)
            case Index(letter):
                raise NoFormError(f"the index {letter} stands as a number")
            case _:
                raise NoFormError("a derivative in it is not carried out")

    def _array(self, array: Expr, indices: Sequence[Expr], dims: Sequence[str], name: str) -> Value:
        axes = tuple(index for index in indices if isinstance(index, Index))
        if len(axes) != len(indices):
            if not any(walk.free_indices(index) for index in indices):
                return Value((), Symbol(name, indices))
            raise NoFormError(f"{name} is used at shifted or fixed positions")
        if not axes and not dims:
            return Value((), array)
        if tuple(axis.dim for axis in axes) != tuple(dims):
            raise NoFormError(f"{name} is used on a part of its positions")
        if len(axes) > 2:
            raise NoFormError(f"{name} has {len(axes)} indices")
        if len(axes) == 2 and axes[0] is axes[1]:
            return Value(axes[:1], Apply("diag", (array,)))
        return Value(axes, array)

    # --- entry by entry -----------------------------------------------------------------------------
    def _sum(self, parts: Sequence[Value]) -> Value:
        axes, bodies = self._together(parts)
        return Value(axes, add(*bodies))

    def _together(self, parts: Sequence[Value]) -> tuple[tuple[Index, ...], list[Expr]]:
        """Parts laid over common axes; a number spreads, a vector is repeated as a row or a column."""
        axes = max((part.axes for part in parts), key=len)
        for part in parts:
            axes += tuple(axis for axis in part.axes if axis not in axes)
        if len(axes) > 2:
            raise NoFormError(f"a value with the indices {_letters(axes)} is not a matrix")
        if set(axes) == set(self.over):
            axes = tuple(self.over)
        bodies: list[Expr] = []
        for part in parts:
            if set(part.axes) == set(axes):
                bodies.append(part.body if part.axes == axes else transpose(part).body)
            else:
                bodies.append(self._widened(part, axes) if part.axes else part.body)
        return axes, bodies

    def _widened(self, part: Value, axes: tuple[Index, ...]) -> Expr:
        """A vector as a matrix: as every row it may stand alone, as NumPy reads it."""
        rows, columns = axes
        numbers, (letters, body) = parted(part)
        if letters[0] is rows:
            return mul(*numbers, Apply("outer", (body, Apply("ones", (Size(columns.dim),)))))
        if rows.dim != columns.dim:
            return part.body
        return mul(*numbers, Apply("outer", (Apply("ones", (Size(rows.dim),)), body)))

    def _power(self, base: Expr, exponent: Expr) -> Value:
        low, high = self.value(base), self.value(exponent)
        if high.axes:
            axes, bodies = self._together([low, high])
            return Value(axes, Apply("entrywise_pow", tuple(bodies)))
        return power(low, high.body)

    # --- sums and products --------------------------------------------------------------------------
    def _reduce(self, e: Reduce) -> Value:
        """A chain of sums over one product is taken as a whole."""
        dummies: list[Index] = []
        factors: list[Expr] = []
        body: Expr = e
        while isinstance(body, Reduce) and body.op == "sum":
            if body.index in dummies:
                raise NoFormError(f"two sums over {body.index.letter} are inside each other")
            dummies.append(body.index)
            if body.where is not None:
                factors.append(body.where)
            body = body.body
        return self._product((*factors, *factors_of(body)), dummies)

    def _product(self, factors: Sequence[Expr], dummies: Sequence[Index]) -> Value:
        """The sum over ``dummies`` of a product; sums in it that are no array are multiplied out."""
        waiting: list[tuple[tuple[Expr, ...], tuple[Index, ...]]] = [(tuple(factors), tuple(dummies))]
        terms: list[Value] = []
        while waiting:
            if len(waiting) + len(terms) > LARGEST_EXPANSION:
                raise NoFormError("it is a product of too many sums")
            parts, over = waiting.pop(0)
            place = next((k for k, part in enumerate(parts) if self._opens(part, parts)), None)
            if place is None:
                terms.append(contract([self.value(part) for part in parts], over, self.over))
                continue
            before, part, after = parts[:place], parts[place], parts[place + 1 :]
            if isinstance(part, Add):
                opened = [((*before, *factors_of(term), *after), over) for term in part.terms]
                waiting[:0] = opened
            elif isinstance(part, Reduce):
                inner = self._renamed(part, (*before, *after), over)
                waiting.insert(0, ((*before, *factors_of(inner.body), *after), (*over, inner.index)))
        return terms[0] if len(terms) == 1 else self._sum(terms)

    def _opens(self, part: Expr, parts: Sequence[Expr]) -> bool:
        """Whether a factor has to be opened: it is no array itself, or holds a delta to be used."""
        if isinstance(part, Add):
            delta = len(parts) > 1 and any(_holds_delta(term) for term in part.terms)
            return delta or not self._has_value(part)
        if not (isinstance(part, Reduce) and part.op == "sum" and part.where is None):
            return False
        return not self._has_value(part) or self._scaled_twice(part, parts)

    def _scaled_twice(self, part: Reduce, parts: Sequence[Expr]) -> bool:
        """``v_k Σ_i u_i M_ik X_ij``: the sum is opened, so that u and v scale M together."""
        inside = self._axes(factors_of(part.body))
        rows = [axes for axes in inside if axes == (part.index,)]
        outside = [axes for axes in self._axes(p for p in parts if p is not part) if len(axes) == 1]
        wide = {frozenset(axes) for axes in inside if len(axes) == 2 and part.index in axes}
        return bool(rows) and len(wide) == 2 and any(w.issuperset(axes) for axes in outside for w in wide)

    def _axes(self, parts: Iterable[Expr]) -> list[tuple[Index, ...]]:
        return [self.value(part).axes for part in parts if self._has_value(part)]

    def _renamed(self, part: Reduce, others: Sequence[Expr], over: Sequence[Index]) -> Reduce:
        taken = {index.letter for index in (*over, *self.over)}.union(*(walk.letters(o) for o in others))
        if part.index.letter not in taken:
            return part
        return walk.rename_bound(part, walk.fresh_index(part.index, taken | walk.letters(part)))

    def _extreme(self, e: Reduce) -> Value:
        if e.op == "prod":
            raise NoFormError("a product over an index has no matrix notation")
        v = self.value(e.body)
        if e.where is not None or e.index not in v.axes:
            raise NoFormError(f"the {e.op} over {e.index.letter} is not of a whole row or column")
        if len(v.axes) == 1:
            return Value((), Apply(e.op, (v.body,)))
        if e.op == "min":
            raise NoFormError("the least entry of each row has no matrix notation")
        rest = tuple(axis for axis in v.axes if axis is not e.index)
        return Value(rest, Apply("max1" if v.axes[1] is e.index else "max0", (v.body,)))


def _holds_delta(e: Expr) -> bool:
    return any(isinstance(factor, Delta) for factor in factors_of(e))


def _letters(axes: Sequence[Index]) -> str:
    return ", ".join(axis.letter for axis in axes)


# --- how it is shown --------------------------------------------------------------------------------
def _with_means(e: Expr, scope: Scope) -> Expr:
    """``1/m sum(v)`` of a v of size m is ``mean(v)``."""

    def f(node: Expr) -> Expr:
        if not isinstance(node, Mul):
            return node
        factors = list(node.factors)
        for k, factor in enumerate(factors):
            if isinstance(factor, Apply) and factor.op == "sum":
                sizes = [Pow(Size(dim), MINUS_ONE) for dim in shape_of(factor.args[0], scope)]
                if all(factors.count(size) >= sizes.count(size) for size in sizes):
                    factors[k] = Apply("mean", factor.args)
                    for size in sizes:
                        factors.remove(size)
                    return mul(*factors)
        return node

    return walk.rewrite_bottom_up(e, f)


def _with_norms(e: Expr, scope: Scope) -> Expr:
    """A root of ``‖X‖²`` is ``‖X‖``; one inverse in front of an array stands below it: ``X/‖X‖``.

    A symmetric matrix and its inverse are their own transposes.
    """

    def f(node: Expr) -> Expr:
        match node:
            case Apply("transpose", (inner,)) if _is_symmetric(inner, scope):
                return inner
            case Pow(Pow(Apply("norm") as norm, Number(two)), Number(q)) if two == 2:
                return norm if 2 * q == 1 else Pow(norm, Number(2 * q))
            case Call("sqrt", (Pow(Apply("norm") as norm, Number(two)),)) if two == 2:
                return norm
            case Call("sqrt", (Apply("dot", (a, b)),)) if a is b:
                return Apply("norm", (a,))
            case Apply("matmul", (left, Mul((Number() as n, right)))):
                return mul(n, Apply("matmul", (left, right)))
            case Pow(Apply("dot", (a, b)), Number(q)) if a is b and q.denominator == 2:
                return Apply("norm", (a,)) if 2 * q == 1 else Pow(Apply("norm", (a,)), Number(2 * q))
            case Add(terms) if len(set(terms)) < len(terms):
                counts = Counter(terms)
                return add(*(t if n == 1 else mul(Number(n), t) for t, n in counts.items()))
            case Mul((Pow(base, Number(q)) as below, array)) if (
                q == -1 and not isinstance(base, Size | Number) and not walk.free_indices(node)
            ):
                alone = isinstance(base, Apply | Symbol | Pow) and shape_of(array, scope) != ()
                return mul(array, below) if alone and not isinstance(array, Add) else node
            case _:
                return node

    return walk.rewrite_bottom_up(e, f)


def _is_symmetric(e: Expr, scope: Scope) -> bool:
    match e:
        case Apply("inv", (inner,)):
            return _is_symmetric(inner, scope)
        case Apply("matmul", (left, right)) if transposed(left) is right or left is transposed(right):
            return True  # A' A
        case Apply("identity"):
            return True
        case Add(terms):
            return all(_is_symmetric(t, scope) for t in terms)
        case _:
            pass
    declared = scope.declarations.get(e.name) if isinstance(e, Symbol) and not e.indices else None
    return declared is not None and (declared.has("symmetric") or declared.has("spd"))


def shapes_text(e: Expr, scope: Scope) -> str:
    """The sizes of a matrix form: of the result, and of each array in its products.

    >>> r = Scope({"r": Declaration("r", "data", ("m",))})
    >>> shapes_text(Apply("dot", (Symbol("r"), Symbol("r"))), r)
    '() = (m)·(m)'
    """
    parts = [text for term in _terms(e) if (text := _sizes(term, scope))]
    return f"{_dims(e, scope)} = {' + '.join(parts) or '()'}"


def _terms(e: Expr) -> tuple[Expr, ...]:
    return e.terms if isinstance(e, Add) else (e,)


def _sizes(term: Expr, scope: Scope) -> str:
    """The arrays that are multiplied, left to right; what is inside brackets is one array."""
    words: list[str] = []
    stack: list[Expr | str] = [term]
    while stack:
        e = stack.pop()
        match e:
            case str():
                words.append(e)
            case Mul(factors):
                arrays = [f for f in factors if shape_of(f, scope)]
                stack.extend(reversed(arrays or [f for f in factors if isinstance(f, (Apply, Pow))]))
            case Apply("matmul", (left, right)):
                stack.extend((right, " ", left))
            case Apply("dot", (left, right)):
                stack.extend((right, "·", left))
            case Apply("hadamard", (left, right)):
                stack.extend((right, " ⊙ ", left))
            case Apply("outer", (left, right)):
                stack.extend(("ᵀ", right, " ", left))
            case Pow(base, _) if not shape_of(e, scope):
                stack.append(base)
            case Apply("mean" | "sum" | "norm" | "trace" as op, (inner,)):
                words.append(f"{op} {_dims(inner, scope)}")
            case _ if shape_of(e, scope):
                words.append(_dims(e, scope))
            case _:
                pass
    return "".join(words)


def _dims(e: Expr, scope: Scope) -> str:
    return f"({','.join(shape_of(e, scope))})"
