"""From an expression in index form to its polynomial over atoms."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from whygrad.core.cost import Definition, Scope
from whygrad.core.errors import BudgetError
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
from whygrad.core.walk import canonical, children, postorder, sort_key, substitute
from whygrad.meaning.normal.atoms import (
    BITS,
    UNIT,
    Atom,
    Frozen,
    Poly,
    Rational,
    atom,
    atoms_of,
    freeze,
    names_in,
    number,
    opaque,
    plus,
    poly_key,
    scaled,
    single,
)
from whygrad.meaning.normal.reduction import Budget, UndefinedError
from whygrad.meaning.normal.summation import Summation
from whygrad.meaning.shapes import base_dim
from whygrad.meaning.to_index import Converter


class Reader(Summation):
    """Reads expressions of one scope; what it has read it remembers.

    Parameters
    ----------
    scope
        What the names are.
    budget
        Limits, counted.
    unfold
        Write defined names out.
    labels
        Use that names with finitely many values have only these.
    assumed
        Polynomials that are positive on the domain in question.
    """

    def __init__(
        self,
        scope: Scope,
        budget: Budget,
        *,
        unfold: bool = False,
        labels: bool = False,
        assumed: frozenset[Frozen] = frozenset(),
    ) -> None:
        super().__init__(scope, budget, assumed)
        self.unfold = unfold
        self.labels = labels
        self._uses: set[str] = set()
        self._values: dict[Expr, Poly] = {}
        self._definitions: dict[str, Definition] = {}
        self._symmetric: dict[str, bool] = {}
        self._below: Reader | None = None

    @property
    def uses(self) -> set[str]:
        """The declared facts that were used."""
        return self._uses

    def renewed(self) -> Reader:
        """A reader like this one that has read nothing."""
        return Reader(self.scope, self.budget, unfold=self.unfold, labels=self.labels, assumed=self.assumed)

    def read(self, e: Expr) -> Poly:
        """The value of an expression in index form, without Partial or array operations."""
        values = self._values
        stack: list[tuple[Expr, bool]] = [(e, False)]
        while stack:
            node, ready = stack.pop()
            if node in values:
                continue
            needed = self._needed(node)
            if ready or not needed:
                self.tick()
                values[node] = self._value(node, [values[kid] for kid in needed])
            else:
                stack.append((node, True))
                stack.extend((kid, False) for kid in needed)
        return values[e]

    def _needed(self, e: Expr) -> tuple[Expr, ...]:
        """What must be read before this node."""
        match e:
            case Symbol(name):
                if self.unfold and name in self.scope.definitions:
                    return (self._written_out(e),)
                return ()
            case Call(name, args):
                definition = self.scope.definitions.get(name)
                if definition is not None and definition.is_function:
                    given = zip(definition.parameters, args, strict=True)
                    return (substitute(definition.body, {Symbol(p): a for p, a in given}),)
                return args
            case Compare(_, args) if all(isinstance(a, Index | Number) for a in args):
                return ()
            case Delta(left, right) if _is_position(left) and _is_position(right):
                return ()
            case Entry() | Hole() | Partial() | Apply():
                return ()
            case _:
                return children(e)

    def _written_out(self, e: Symbol) -> Expr:
        """A defined name at its positions, by its definition."""
        definition = self._definitions.get(e.name)
        if definition is None:
            definition = self.scope.definitions[e.name]
            if definition.by_array or _has_arrays(definition.body):
                definition = Converter(self.scope).definition(definition)
            self._definitions[e.name] = definition
        if len(definition.indices) != len(e.indices):
            raise UndefinedError(f"{e.name} has {len(e.indices)} positions here")
        return substitute(definition.body, dict(zip(definition.indices, e.indices, strict=True)))

    def _value(self, e: Expr, kids: list[Poly]) -> Poly:
        match e:
            case Add():
                out: Poly = {}
                for kid in kids:
                    out = plus(out, kid)
                return out
            case Mul():
                return self.product(kids)
            case Pow():
                return self.power(kids[0], kids[1])
            case Symbol():
                return kids[0] if kids else self.leaf(e)
            case Call(name):
                definition = self.scope.definitions.get(name)
                if definition is not None and definition.is_function:
                    return kids[0]
                return self.call(name, kids)
            case Reduce():
                return self._reduced(e, kids)
            case Delta(left, right):
                if kids:
                    return self.is_zero_value(plus(kids[0], kids[1], -1))
                return self.delta(left, right)
            case Compare(op, args):
                if kids:
                    return self._compared(op, kids)
                return self._positions_compared(op, args)
            case Cases():
                return self._cases(kids)
            case _:
                return self.leaf(e)

    def leaf(self, e: Expr) -> Poly:
        """A value of its own."""
        match e:
            case Number(value):
                return number(int(value) if value.denominator == 1 else value)
            case Constant(name):
                return self.exp(number(1)) if name == "e" else opaque(e)
            case Symbol():
                return self._symbol(e)
            case Size(dim):
                return _size(dim)
            case Entry(Apply("inv", (Apply("transpose", (inside,)),)), (left, right)):
                return self.leaf(Entry(Apply("inv", (inside,)), (right, left)))
            case Entry(Apply("inv", (inside,)), indices) if self.symmetric_array(inside):
                return opaque(Entry(canonical(e.array), sorted(indices, key=sort_key)))
            case Entry(array, indices):
                return opaque(Entry(canonical(array), indices))
            case Apply():
                return opaque(canonical(e))
            case _:
                return opaque(e)

    def _symbol(self, e: Symbol) -> Poly:
        declared = self.scope.declarations.get(e.name)
        if len(e.indices) == 2 and self.is_symmetric(e.name):
            e = Symbol(e.name, sorted(e.indices, key=sort_key))
        if declared is None or not declared.domains:
            return opaque(e)
        if self.labels:
            values: tuple[Rational, ...] = ()
            if declared.values:
                values = tuple(int(v) if v.denominator == 1 else v for v in sorted(declared.values))
            elif declared.has("onehot"):
                values = BITS
            if values:
                inside = ", ".join(str(Fraction(v)) for v in values)
                self._uses.add(f"{e.name} in {{{inside}}}")
                return single(atom("label", e, values, declared.has("onehot")))
        return opaque(e)

    def is_symmetric(self, name: str) -> bool:
        """Whether a matrix is symmetric: declared, or the same with letters exchanged."""
        definition = self.scope.definitions.get(name)
        if definition is None:
            return super().is_symmetric(name)
        found = self._symmetric.get(name)
        if found is None:
            self._symmetric[name] = False  # while it is being asked
            found = self._symmetric[name] = self._is_symmetric_by_definition(definition)
        return found

    def _is_symmetric_by_definition(self, definition: Definition) -> bool:
        dims = definition.dims
        if definition.is_function or len(dims) != 2 or dims[0] != dims[1]:
            return False
        i, j = definition.indices or (Index("#i", dims[0]), Index("#j", dims[1]))
        there = Symbol(definition.name, (i, j))
        try:
            body = self._written_out(there)
            reader = self.renewed()
            reader.unfold = False
            reader._symmetric = self._symmetric
            return reader.read(body) == reader.read(substitute(body, {i: j, j: i}))
        except (BudgetError, UndefinedError):
            return False

    def rarely_zero(self, p: Poly) -> bool:
        """Whether p is 0 on a null set only; what defined names stand for counts."""
        if self.unfold or not self.scope.definitions:
            return super().rarely_zero(p)
        if not any(n in self.scope.definitions for a in atoms_of(p) for n in names_in(a)):
            return super().rarely_zero(p)
        if self._below is None:
            self._below = self.renewed()
            self._below.unfold = True
        try:
            return self._below.rarely_zero(self._below.rewritten(p))
        except (BudgetError, UndefinedError):
            return False

    def rewritten(self, p: Poly) -> Poly:
        """A polynomial of another reader in this one's terms."""
        self.spent = 0
        out: Poly = {}
        for m, c in p.items():
            parts = [self._rewritten_power(a, e) for a, e in m]
            out = plus(out, self.product(parts), c)
        return out

    def _rewritten_power(self, a: Atom, e: Rational) -> Poly:
        if a.kind == "root":
            return self.power(self.rewritten(dict(a.data[0])), number(e))
        match a.kind:
            case "expr" | "label":
                made = self.read(a.data[0])
            case "exp":
                made = self.exp(self.rewritten({a.data[0]: 1}))
            case "log":
                made = self.log(self.rewritten(dict(a.data[0])))
            case "inv":
                made = self.inverse(self.rewritten(dict(a.data[0])))
            case "sum":
                made = self.spread(a.data[0], self.rewritten({a.data[1]: 1}))
            case "delta" | "before":
                made = single(a)
            case _:
                raise UndefinedError("what cannot be written out")
        return self.power(made, number(e))

    # --- conditions -------------------------------------------------------------------------------

    def _compared(self, op: str, kids: list[Poly]) -> Poly:
        match op:
            case "not":
                return plus(number(1), kids[0], -1)
            case "and":
                return self.product(kids)
            case "or":
                out = number(1)
                for kid in kids:
                    out = self.mul(out, plus(number(1), kid, -1))
                return plus(number(1), out, -1)
            case _:
                return self.product([self._pair(op, a, b) for a, b in pairwise(kids)])

    def _pair(self, op: str, a: Poly, b: Poly) -> Poly:
        match op:
            case ">":
                return self.is_positive(plus(a, b, -1), strict=True)
            case ">=":
                return self.is_positive(plus(a, b, -1), strict=False)
            case "<":
                return self.is_positive(plus(b, a, -1), strict=True)
            case "<=":
                return self.is_positive(plus(b, a, -1), strict=False)
            case "==":
                return self.is_zero_value(plus(a, b, -1))
            case _:
                return plus(number(1), self.is_zero_value(plus(a, b, -1)), -1)

    def _positions_compared(self, op: str, args: tuple[Expr, ...]) -> Poly:
        if op in ("and", "or", "not"):
            return self._compared(op, [self.leaf(a) for a in args])
        out = number(1)
        for a, b in pairwise(args):
            out = self.mul(out, self._position_pair(op, a, b))
        return out

    def _position_pair(self, op: str, a: Expr, b: Expr) -> Poly:
        match op:
            case "<":
                return self.before(a, b)
            case ">":
                return self.before(b, a)
            case "<=":
                return plus(self.before(a, b), self.delta(a, b))
            case ">=":
                return plus(self.before(b, a), self.delta(a, b))
            case "==":
                return self.delta(a, b)
            case _:
                return plus(number(1), self.delta(a, b), -1)

    def _cases(self, kids: list[Poly]) -> Poly:
        out: Poly = {}
        left = number(1)
        for condition, value in zip(kids[:-1:2], kids[1:-1:2], strict=True):
            out = plus(out, self.product([left, condition, value]))
            left = self.mul(left, plus(number(1), condition, -1))
        return plus(out, self.mul(left, kids[-1]))

    # --- reductions -------------------------------------------------------------------------------

    def _reduced(self, e: Reduce, kids: list[Poly]) -> Poly:
        body, where = kids[0], kids[1] if len(kids) > 1 else None
        match e.op:
            case "sum":
                if where is not None:
                    body = self._restricted(e, body, where)
                return self.sum_over(body, e.index)
            case "prod":
                if where is not None:
                    body = plus(number(1), self._restricted(e, plus(body, number(1), -1), where))
                return self.product_over(body, e.index)
            case _:
                flip = -1 if e.op == "min" else 1
                body = scaled(body, flip)
                if where is not None:
                    body = single(self.made("call", "among", freeze(body), freeze(where)))
                return scaled(self.extreme_over("max", body, e.index), flip)

    def _restricted(self, e: Reduce, body: Poly, where: Poly) -> Poly:
        """The body where the condition holds, 0 elsewhere: the full sum minus the diagonal.

        Where the body is not even defined on the diagonal, the condition stays as it is.
        """
        try:
            return self.mul(body, where)
        except UndefinedError:
            match e.where:
                case Compare("!=", (left, right)) if _is_position(left) and _is_position(right):
                    apart = sorted((freeze(self.leaf(left)), freeze(self.leaf(right))), key=poly_key)
                    return self.mul(body, single(self.made("call", "!=", *apart)))
                case _:
                    raise

    def call(self, name: str, args: list[Poly]) -> Poly:
        """An elementary function, or a condition kept whole."""
        if name == "!=":
            a, b = args
            if a == b:
                return {}
            apart = sorted((freeze(a), freeze(b)), key=poly_key)
            return single(self.made("call", "!=", *apart))
        return super().call(name, args)


def _is_position(e: Expr) -> bool:
    return isinstance(e, Index | Number)


def _has_arrays(e: Expr) -> bool:
    return any(isinstance(node, Apply | Entry) for node in postorder(e))


def _size(dim: str) -> Poly:
    """How many positions: "3" is 3, "m-1" is m - 1."""
    if dim.isdecimal():
        return number(int(dim))
    base = base_dim(dim)
    if base == dim:
        return opaque(Size(dim))
    return plus(opaque(Size(base)), {UNIT: int(dim[len(base) :])} if dim[len(base) :] else {})
