"""Sums, products, quotients and powers of numbers, vectors and matrices."""

from __future__ import annotations

from whygrad.core.errors import Span
from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    TWO,
    Apply,
    Call,
    Constant,
    Expr,
    Number,
    Partial,
    Pow,
    Size,
    Symbol,
    add,
    inverse,
    mul,
    neg,
)
from whygrad.core.walk import postorder
from whygrad.syntax.people import tree as t
from whygrad.syntax.people.base import Base, Val
from whygrad.syntax.people.dims import MisfitError, UnknownError, kind_of


class Arithmetic(Base):
    """Arithmetic of values with shapes; a vector is a column unless it was transposed."""

    def sum(self, tree: t.Sum) -> Val:
        """Terms with signs."""
        found = [(sign, self.value(term), term) for sign, term in tree.terms]
        arrays = [v for _, v, _ in found if v.rank]
        if not arrays:
            return Val(add(*(v.expr if sign > 0 else neg(v.expr) for sign, v, _ in found)))
        widest = max(arrays, key=lambda v: v.rank)
        terms: list[Expr] = []
        row = all(v.row for v in arrays)
        for _, v, _ in found:
            if not v.rank and len(arrays) < len(found):
                plain = isinstance(v.expr, Number)
                if widest.rank == 2 and not plain and not self.entries and self.same_dims(widest.dims):
                    self.strain += 0.8
                    self.s.say("a number beside a square matrix", "times the identity", tree.span)
                    continue
                self.strain += 0.1 if plain else 0.3 if widest.rank == 1 else 1.5
        for sign, v, term in found:
            if v.rank and v.rank != widest.rank and not self.s.dims.loose:
                raise MisfitError(f"a sum of {kind_of(widest.dims)} and {kind_of(v.dims)}", term.span)
            if v.rank:
                self.s.dims.join_all(widest.dims, v.dims, term.span, "a sum")
            e = self.upright(v) if v.row != row and v.rank == 1 else v.expr
            square = widest.rank == 2 and not self.entries and self.same_dims(widest.dims)
            if not v.rank and square and not isinstance(e, Number):
                dim = self.s.dims.find(widest.dims[0])
                e = mul(e, Apply("identity", (Size(dim),)))
            terms.append(e if sign > 0 else neg(e))
        return Val(add(*terms), widest.dims, row)

    def same_dims(self, dims: tuple[str, ...]) -> bool:
        """Whether a matrix is square."""
        return self.s.dims.find(dims[0]) == self.s.dims.find(dims[1])

    def upright(self, v: Val) -> Expr:
        """A vector without its transpose."""
        match v.expr:
            case Apply("transpose", (inside,)) if v.row:
                return inside
            case _:
                return Apply("transpose", (v.expr,)) if v.row else v.expr

    def product(self, tree: t.Product) -> Val:
        """Factors from the left; a letter before a bracket may be a call."""
        factors = list(tree.factors)
        done: Val | None = None
        k = 0
        while k < len(factors):
            op, factor = factors[k]
            value: Val | None = None
            if k + 1 < len(factors) and factors[k + 1][0] == "":
                value = self.call_of(factor, factors[k + 1][1])
                if value is not None:
                    k += 1
            if value is None:
                value = self.value(factor)
            done = value if done is None else self.times(done, op, value, factor.span)
            k += 1
        if done is None:
            raise UnknownError("an empty product", tree.span)
        return done

    def times(self, a: Val, op: str, b: Val, span: Span) -> Val:
        """Two factors with the operator between them."""
        if op in ("/", "⊘"):
            return self.quotient(a, b, span)
        if op == ":":
            return self.inner(a, b, span)
        if op == "⊙" or (op == "*" and a.rank == b.rank == 1):
            return self.entrywise(a, b, span)
        if op == "⊗" and a.rank == b.rank == 1:
            return Val(Apply("outer", (self.upright(a), self.upright(b))), a.dims + b.dims)
        if not a.rank or not b.rank:
            wide = b if b.rank else a
            if a.row and op in ("", "·") and isinstance(b.expr, Symbol):
                self.strain += 0.7  # w' x with a number x
            return Val(mul(a.expr, b.expr), wide.dims, wide.row)
        return self.matrix_product(a, b, op, span)

    def matrix_product(self, a: Val, b: Val, op: str, span: Span) -> Val:
        """A product of arrays as matrices."""
        if a.rank > 2 or b.rank > 2:
            raise UnknownError("a product of arrays with more than two indices", span)
        if a.rank == b.rank == 1:
            if a.row != b.row and not a.row:  # column times row
                return Val(Apply("matmul", (a.expr, b.expr)), a.dims + b.dims)
            self.s.dims.join_all(a.dims, b.dims, span, "an inner product")
            if a.row == b.row:
                self.strain += 0.1 if op == "·" else 0.4
                self.s.say("two vectors side by side", "their inner product", span)
            left = a.expr if a.row else Apply("transpose", (a.expr,))
            return Val(Apply("matmul", (left, self.upright(b))))
        if b.rank == 1 and b.row and not self.s.dims.loose:
            raise MisfitError("a matrix before a row", span)
        inner_a, inner_b = a.dims[-1], b.dims[0]
        if not self.s.dims.join(inner_a, inner_b):
            sizes = f"{self.s.dims.find(inner_a)} and {self.s.dims.find(inner_b)}"
            raise MisfitError(f"in a matrix product the sizes {sizes} differ", span)
        left = a.expr
        if a.rank == 1 and not a.row:
            if not self.s.dims.loose and not any(isinstance(n, Partial) for n in postorder(a.expr)):
                raise MisfitError("a column before a matrix", span)
            self.strain += 0.4
            self.s.say("a vector before a matrix", "its row", span)
            left = Apply("transpose", (left,))
        dims = a.dims[:-1] + b.dims[1:]
        return Val(Apply("matmul", (left, b.expr)), dims, a.rank == 1 and bool(dims))

    def entrywise(self, a: Val, b: Val, span: Span) -> Val:
        """A product entry by entry."""
        if a.rank and b.rank:
            self.s.dims.join_all(a.dims, b.dims, span, "a product entry by entry")
        if a.rank == b.rank == 1:
            return Val(Apply("hadamard", (self.upright(a), self.upright(b))), a.dims, a.row and b.row)
        wide = a if a.rank >= b.rank else b
        return Val(
            mul(a.expr, b.expr) if not (a.rank and b.rank) else Apply("hadamard", (a.expr, b.expr)), wide.dims
        )

    def quotient(self, a: Val, b: Val, span: Span) -> Val:
        """A fraction; of two vectors entry by entry."""
        if not b.rank:
            top = () if a.expr is ONE else (a.expr,)
            return Val(mul(*top, inverse(b.expr)) if top else inverse(b.expr), a.dims, a.row)
        if b.rank == 1 and a.rank <= 1:
            if a.rank:
                self.s.dims.join_all(a.dims, b.dims, span, "a quotient")
            self.strain += 0.3
            self.s.say("a quotient of vectors", "entry by entry", span)
            return Val(Apply("entrywise_div", (self.upright(a), self.upright(b))), b.dims)
        if b.rank == 2 and a.rank == 2:
            self.s.dims.join_all(a.dims, b.dims, span, "a quotient")
            return Val(Apply("entrywise_div", (a.expr, b.expr)), b.dims)
        raise MisfitError(f"division by {kind_of(b.dims)}", span)

    def power(self, base: Val, exponent: Val, span: Span) -> Val:
        """A power: of a square matrix its product with itself, of a vector its square length."""
        e = exponent.expr
        if base.expr is Constant("e"):
            return Val(Call("exp", (e,)), exponent.dims, exponent.row)
        if exponent.rank:
            raise MisfitError("an exponent that is no number", span)
        if not base.rank:
            return Val(Pow(base.expr, e))
        whole = isinstance(e, Number) and e.value.denominator == 1
        if base.rank == 2 and whole:
            if not self.s.dims.join(*base.dims):
                raise MisfitError("a power of a matrix that is not square", span)
            if e is MINUS_ONE:
                return Val(Apply("inv", (base.expr,)), base.dims)
            return Val(Apply("matpow", (base.expr, e)), base.dims)
        self.strain += 0.3
        if base.rank == 1 and e is TWO:
            self.s.choices.add("entrywise")
        if base.rank == 1 and e is TWO and not self.s.style.entrywise:
            self.s.say("the square of a vector", "its squared length", span)
            return Val(Apply("dot", (self.upright(base), self.upright(base))))
        if base.rank == 1:
            return Val(Apply("entrywise_pow", (self.upright(base), e)), base.dims)
        raise MisfitError(f"a power of {kind_of(base.dims)}", span)

    def entrywise_power(self, base: Val, e: Expr) -> Val:
        """A power of every entry."""
        if not base.rank:
            return Val(Pow(base.expr, e))
        inside = self.upright(base) if base.rank == 1 else base.expr
        return Val(Apply("entrywise_pow", (inside, e)), base.dims)

    def transpose(self, v: Val, span: Span) -> Val:
        """The transpose; of a number itself."""
        if not v.rank:
            self.strain += 0.7
            return v
        if v.rank > 2:
            raise MisfitError("the transpose of an array with more than two indices", span)
        if isinstance(v.expr, Apply) and v.expr.op == "transpose":
            return Val(v.expr.args[0], v.dims[::-1], not v.row and v.rank == 1)
        return Val(Apply("transpose", (v.expr,)), v.dims[::-1], not v.row and v.rank == 1)

    def inner(self, a: Val, b: Val, span: Span) -> Val:
        """An inner product; of matrices Frobenius."""
        if not a.rank or not b.rank:
            return self.times(a, "", b, span)
        if a.rank == b.rank == 2 or a.rank == b.rank == 1:
            self.s.dims.join_all(a.dims, b.dims, span, "an inner product")
            return Val(Apply("dot", (self.upright(a), self.upright(b))))
        raise MisfitError(f"an inner product of {kind_of(a.dims)} and {kind_of(b.dims)}", span)

    def square(self, v: Val, op: str, span: Span) -> Val:
        """A function of a square matrix; of a number the number itself."""
        if not v.rank:
            return v if op in ("trace", "det") else Val(Call("log", (v.expr,)))
        if v.rank != 2 or not self.s.dims.join(*v.dims):
            raise MisfitError(f"the {op} of {kind_of(v.dims)} that is not square", span)
        names = {"trace": "trace", "det": "det", "logdet": "logdet"}
        return Val(Apply(names[op], (v.expr,)))  # pyright: ignore[reportArgumentType]

    def diag(self, v: Val, span: Span) -> Val:
        """The diagonal, or the diagonal matrix."""
        if v.rank == 1:
            return Val(Apply("diag", (self.upright(v),)), v.dims * 2)
        if v.rank == 2 and self.s.dims.join(*v.dims):
            return Val(Apply("diag", (v.expr,)), v.dims[:1])
        raise MisfitError("diag takes a vector or a square matrix", span)

    def norm(self, v: Val, span: Span) -> Val:
        """The Euclidean norm."""
        return Val(Apply("norm", (self.upright(v),))) if v.rank else Val(Call("abs", (v.expr,)))
