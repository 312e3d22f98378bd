"""From a polynomial over atoms back to an expression of the same value, in a settled order."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from whygrad.core.expr import (
    ZERO,
    Call,
    Compare,
    Delta,
    Expr,
    Index,
    Mul,
    Number,
    Pow,
    Reduce,
    add,
    mul,
    neg,
)
from whygrad.core.walk import free_indices, fresh_index, letters, rename_bound, rewrite_bottom_up
from whygrad.meaning.normal.algebra import Algebra
from whygrad.meaning.normal.atoms import (
    UNIT,
    Atom,
    Mono,
    Poly,
    Rational,
    atom,
    atoms_of,
    mono_key,
    number,
    plus,
    scaled,
    single,
)
from whygrad.meaning.normal.read import Reader
from whygrad.meaning.to_index import letters_by_dimension

Inner = Callable[[Poly], Expr]


class Writer:
    """Writes polynomials of one reader.

    Parameters
    ----------
    reader
        Whose polynomials they are.
    factor
        Whether each is factored, or a sum of terms.
    """

    def __init__(self, reader: Reader, *, factor: bool) -> None:
        self.reader = reader
        self.factor = factor
        self._letters = letters_by_dimension(reader.scope)

    def write(self, p: Poly) -> Expr:
        """The expression; bound letters are those that people use for the dimension."""
        return self._lettered(self._poly(p))

    def _poly(self, p: Poly) -> Expr:
        p = _with_steps(self.reader, p)
        if not p:
            return ZERO
        return self._factored(p) if self.factor else self._terms(p)

    def _terms(self, p: Poly) -> Expr:
        ordered = sorted(p.items(), key=lambda item: _term_order(item[0]))
        return add(*(self._term(m, c) for m, c in ordered))

    def _factored(self, p: Poly) -> Expr:
        p, denominators = self.reader.cleared(p)
        if not p:
            return ZERO
        c, mono, parts = self.reader.factors(p)
        up, down = list[Expr](), list[Expr]()
        for bottom, power in denominators:
            down.append(_power(self._poly(bottom), -power))
        for part, power in parts:
            if _is_negative(part):
                part = scaled(part, -1)
                c = -c if power % 2 else c
            up.append(_power(self._merged(part), power))
        return _signed(c, [*self._mono(mono), *up, *down])

    def _merged(self, p: Poly) -> Expr:
        """A factor of several terms; its sums over the same dummies with one factor outside joined."""
        groups: dict[tuple[Mono, tuple[Index, ...]], Poly] = {}
        plain: Poly = {}
        for m, c in p.items():
            a = next((a for a, e in sorted(m) if a.kind == "sum" and e == 1), None)
            if a is None:
                plain[m] = c
                continue
            outer = frozenset(x for x in m if x[0] is not a)
            body = groups.setdefault((outer, a.data[0]), {})
            body[a.data[1]] = body.get(a.data[1], 0) + c
        terms = [(_term_order(m), self._term(m, c)) for m, c in plain.items()]
        for (outer, dummies), body in groups.items():
            order = _term_order(outer | {(atom("sum", dummies, min(body, key=mono_key)), 1)})
            terms.append((order, self._joined(outer, dummies, body)))
        return add(*(term for _, term in sorted(terms, key=lambda item: item[0])))

    def _joined(self, outer: Mono, dummies: tuple[Index, ...], body: Poly) -> Expr:
        inside = self._poly(body)
        sign = 1
        if isinstance(inside, Mul) and isinstance(inside.factors[0], Number) and inside.factors[0].value < 0:
            inside, sign = neg(inside), -1
        for d in reversed(dummies):
            inside = Reduce("sum", d, inside)
        return _signed(sign, [*self._mono(outer), inside])

    def _term(self, m: Mono, c: Rational) -> Expr:
        return _signed(c, self._mono(m))

    def _mono(self, m: Mono) -> list[Expr]:
        """The factors of a monomial, exponentials in one."""
        exponent: Poly = {}
        out: list[tuple[tuple[int, str], Expr]] = []
        for a, e in m:
            if a.kind == "exp":
                exponent = plus(exponent, {a.data[0]: 1}, e)
            else:
                out.append((_factor_order(a), self._atom_power(a, e)))
        if exponent:
            first = min(_factor_order(a) for a, _ in m if a.kind == "exp")
            out.append((first, Call("exp", (self._poly(exponent),))))
        return [e for _, e in sorted(out, key=lambda item: item[0])]

    def _atom_power(self, a: Atom, e: Rational) -> Expr:
        if a.kind == "root":
            return _power(self._poly(dict(a.data[0])), e)
        if a.kind == "inv":
            return _power(self._poly(dict(a.data[0])), -e)
        return _power(self._atom(a), e)

    def _atom(self, a: Atom) -> Expr:
        match a.kind:
            case "expr" | "label":
                return a.data[0]
            case "delta":
                return Delta(*a.data)
            case "before":
                return Compare("<", a.data)
            case "sum":
                out = self._poly({a.data[1]: 1})
                for d in reversed(a.data[0]):
                    out = Reduce("sum", d, out)
                return out
            case "prod" | "max" | "min":
                return self._bound(a)
            case "log":
                return self._log(dict(a.data[0]))
            case "call":
                return self._call(a)
            case "sign":
                return Call("sign", (self._poly(dict(a.data[0])),))
            case "positive":
                return Compare(">", (self._poly(dict(a.data[0])), ZERO))
            case "zero":
                return Compare("==", (self._poly(dict(a.data[0])), ZERO))
            case _:
                raise KeyError(a.kind)

    def _bound(self, a: Atom) -> Expr:
        body = dict(a.data[1])
        for m in body:
            for b, _ in m:
                if b.kind == "call" and b.data[0] == "among" and len(body) == 1:
                    inside, where = (self._poly(dict(q)) for q in b.data[1:])
                    return Reduce(a.kind, a.data[0], inside, where)  # pyright: ignore[reportArgumentType]
        return Reduce(a.kind, a.data[0], self._poly(body))  # pyright: ignore[reportArgumentType]

    def _log(self, p: Poly) -> Expr:
        """log of the absolute value, said only where the sign is not known."""
        sign = self.reader.sign_of(p)
        if sign < 0:
            return Call("log", (neg(self._poly(p)),))
        inside = self._poly(p)
        return Call("log", (inside if sign > 0 else Call("abs", (inside,)),))

    def _call(self, a: Atom) -> Expr:
        args = [self._poly(dict(q)) for q in a.data[1:]]
        match a.data[0]:
            case "pow":
                return Pow(args[0], args[1])
            case "!=":
                return Compare("!=", args)
            case name:
                return Call(name, args)

    # --- letters ----------------------------------------------------------------------------------

    def _lettered(self, e: Expr) -> Expr:
        """Dummies get letters, inner ones first, that nothing around them uses."""
        outside = {i.letter for i in free_indices(e)}

        def f(node: Expr) -> Expr:
            if not isinstance(node, Reduce) or not node.index.letter.startswith("#"):
                return node
            taken = outside | letters(node.body)
            if node.where is not None:
                taken |= letters(node.where)
            wanted = self._letters.get(node.index.dim, ())
            letter = next((c for c in wanted if c not in taken), None)
            start = Index(letter or next(iter(wanted), "i"), node.index.dim)
            return rename_bound(node, fresh_index(start, taken))

        return rewrite_bottom_up(e, f)


def expanded_expr(reader: Reader, p: Poly) -> Expr:
    """A sum of terms."""
    return Writer(reader, factor=False).write(p)


def factored_expr(reader: Reader, p: Poly) -> Expr:
    """A product of factors."""
    return Writer(reader, factor=True).write(p)


def _signed(c: Rational, factors: list[Expr]) -> Expr:
    """A rational times factors: 3 u/2 is written (3/2) u, -u with its sign alone."""
    if not factors:
        return Number(Fraction(c))
    return mul(*factors) if c == 1 else mul(Number(Fraction(c)), *factors)


def _is_negative(p: Poly) -> bool:
    """Whether turned round it would have fewer minus signs, or none in front."""
    minus = sum(c < 0 for c in p.values())
    if 2 * minus != len(p):
        return 2 * minus > len(p)
    return p[min(p, key=_term_order)] < 0


def _power(base: Expr, e: Rational) -> Expr:
    if e == 1:
        return base
    if e == Fraction(1, 2):
        return Call("sqrt", (base,))
    if e == Fraction(-1, 2):
        return Pow(Call("sqrt", (base,)), Number(-1))
    if isinstance(base, Pow) and isinstance(base.exponent, Number):
        inner = base.exponent.value
        if inner.denominator == 1 and e.denominator == 1:
            return _power(base.base, Fraction(inner * e))
    return Pow(base, Number(Fraction(e)))


_ORDER = {"expr": 1, "label": 1, "inv": 4, "exp": 2, "sum": 5, "delta": 6}


def _factor_order(a: Atom) -> tuple[int, str]:
    return _ORDER.get(a.kind, 3), a.key


def _term_order(m: Mono) -> tuple[int, str]:
    return (1 if m == UNIT else 0), mono_key(m)


def _with_steps(reader: Algebra, p: Poly) -> Poly:
    """Signs as 2 [u > 0] - 1 where that takes fewer terms."""
    signs = sorted(a for a in atoms_of(p) if a.kind == "sign")
    for a in signs:
        step = plus(number(-1), single(atom("positive", a.data[0])), 2)
        out: Poly = {}
        for m, c in p.items():
            rest = frozenset(x for x in m if x[0] is not a)
            part: Poly = {rest: 1}
            out = plus(out, reader.mul(part, step) if len(rest) < len(m) else part, c)
        if len(out) < len(p):
            p = out
    return p
