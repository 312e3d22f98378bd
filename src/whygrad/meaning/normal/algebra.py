"""Sums, products, inverses and renaming of polynomials over atoms.

Every rewriting here holds at each point where the expression that it came from is defined: stopping
early, out of order or twice keeps the value. What can be lost is only that equal values look equal.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import floor, prod

from whygrad.core.cost import Scope
from whygrad.core.expr import Expr, Index
from whygrad.meaning.normal.atoms import (
    UNIT,
    Atom,
    Frozen,
    Mono,
    Poly,
    Rational,
    atom,
    atoms_of,
    freeze,
    number,
    plus,
    scaled,
    single,
)
from whygrad.meaning.normal.factoring import factors
from whygrad.meaning.normal.reduction import (
    Budget,
    Draft,
    Reduction,
    Renaming,
    UndefinedError,
    at_value,
    lagrange_basis,
    may_replace,
    merged,
    number_power,
    plan_reduction,
    reduce_finite,
    reduce_onehot,
    spent,
)


class Algebra:
    """Arithmetic over atoms, with its budget and memory. One instance serves one scope."""

    def __init__(self, scope: Scope, budget: Budget) -> None:
        self.scope = scope
        self.budget = budget
        self.spent = 0
        self.clock = 0
        self._settled: dict[Mono, Poly] = {}
        self._inverses: dict[Frozen, Poly] = {}
        self._renamed: dict[tuple[Atom, Rational, frozenset[tuple[Index, Expr]]], Poly] = {}
        self._factors: dict[Frozen, tuple[Rational, Mono, list[tuple[Poly, int]]]] = {}

    def tick(self, count: int = 1) -> None:
        """Count work."""
        self.spent += count
        if self.spent > self.budget.products:
            raise spent(f"more than {self.budget.products} products of terms")

    # --- products -------------------------------------------------------------------------------

    def mul(self, p: Poly, q: Poly) -> Poly:
        """The product."""
        if not p or not q:
            return {}
        if len(p) == 1 and UNIT in p:
            return scaled(q, p[UNIT])
        if len(q) == 1 and UNIT in q:
            return scaled(p, q[UNIT])
        self.tick(len(p) * len(q))
        out: Poly = {}
        for m, c in p.items():
            for n, d in q.items():
                product = self.mul_monos(m, n)
                factor = c * d
                for key, value in product.items():
                    total = out.get(key, 0) + factor * value
                    if total:
                        out[key] = total
                    else:
                        del out[key]
        if len(out) > self.budget.terms:
            raise spent(f"a polynomial of more than {self.budget.terms} terms")
        return out

    def mul_monos(self, m: Mono, n: Mono) -> Poly:
        """The product of two monomials."""
        if not m:
            return {n: 1}
        if not n:
            return {m: 1}
        d: Draft = dict(m)
        for a, e in n:
            e = d.get(a, 0) + e
            if e:
                d[a] = e
            else:
                del d[a]
        return self.settle(d)

    def product(self, parts: list[Poly]) -> Poly:
        """The product of several."""
        out = number(1)
        for part in parts:
            out = self.mul(out, part)
        return out

    def int_power(self, p: Poly, n: int) -> Poly:
        """``p ** n``."""
        if n < 0:
            return self.int_power(self.inverse(p), -n)
        if len(p) == 1:
            ((m, c),) = p.items()
            if not n:
                return number(1)
            return scaled(self.settle({a: e * n for a, e in m}), number_power(c, n))
        out = number(1)
        for _ in range(n):
            out = self.mul(out, p)
        return out

    def settle(self, d: Draft) -> Poly:
        """The monomial with every relation of its atoms used."""
        if not any(a.special for a in d):
            return {frozenset(d.items()): 1}
        key = frozenset(d.items())
        found = self._settled.get(key)
        if found is None:
            found = self._settle(d)
            self._settled[key] = found
        return found

    def _settle(self, d: Draft) -> Poly:
        out: Poly = {}
        stack: list[tuple[Draft, Rational]] = [(d, 1)]
        while stack:
            self.tick()
            d, c = stack.pop()
            step = self._reduce(d)
            if step is not None:
                stack.extend((new, c * k) for new, k in step)
                continue
            key = frozenset(d.items())
            total = out.get(key, 0) + c
            if total:
                out[key] = total
            else:
                del out[key]
        return out

    def _reduce(self, d: Draft) -> list[tuple[Draft, Rational]] | None:
        """One reduction of a monomial, or None when there is none left."""
        for a, e in d.items():
            if not a.special:
                continue
            step: list[tuple[Draft, Rational]] | None = None
            if a.values:
                step = reduce_finite(d, a, e)
                if step is None and a.kind == "delta":
                    step = self._reduce_delta(d, a)
                elif step is None and a.kind == "label" and a.data[2]:
                    step = reduce_onehot(d, a)
            elif a.kind == "root":
                step = self._reduce_root(d, a, e)
            elif a.kind == "inv":
                step = self._reduce_inverse(d, a, e)
            if step is not None:
                return step
        return None

    def _reduce_delta(self, d: Draft, a: Atom) -> list[tuple[Draft, Rational]] | None:
        """Beside delta(i, j) every other j is an i."""
        keep, gone = a.data
        if not isinstance(gone, Index) or not may_replace(gone, keep):
            return None
        touched = [(b, e) for b, e in d.items() if b is not a and gone in b.indices]
        if not touched:
            return None
        rest = {b: e for b, e in d.items() if b is a or gone not in b.indices}
        changed = self.product([self.rename_power(b, e, {gone: keep}) for b, e in touched])
        return [(merged(rest, m), c) for m, c in changed.items()]

    def _reduce_root(self, d: Draft, a: Atom, e: Rational) -> list[tuple[Draft, Rational]] | None:
        """Whole powers of a root are powers of what is under it."""
        whole = floor(e)
        if whole == 0:
            return None
        rest = {b: f for b, f in d.items() if b is not a}
        if e != whole:
            rest[a] = e - whole
        base = self.int_power(dict(a.data[0]), whole)
        return [(merged(rest, m), c) for m, c in base.items()]

    def _reduce_inverse(self, d: Draft, a: Atom, e: Rational) -> list[tuple[Draft, Rational]] | None:
        """Division with remainder by D, in the powers of its head."""
        if e < 0:
            rest = {b: f for b, f in d.items() if b is not a}
            base = self.int_power(dict(a.data[0]), -int(e))
            return [(merged(rest, m), c) for m, c in base.items()]
        how = a.plan
        if not isinstance(how, Reduction):
            return None
        degree = d.get(how.head, 0)
        if degree >= how.degree:
            (m, c), others = how.lead, how.low
        elif degree < 0 and how.constant is not None:
            (m, c), others = how.constant, how.high
        else:
            return None
        # u M = 1 - u (D - M) for the monomial M = c m.
        quotient = dict(d)
        for b, f in m:
            f = quotient.get(b, 0) - f
            if f:
                quotient[b] = f
            else:
                quotient.pop(b, None)
        one_less = dict(quotient)
        if e == 1:
            del one_less[a]
        else:
            one_less[a] = e - 1
        c = Fraction(1, c) if c not in (1, -1) else c
        out: list[tuple[Draft, Rational]] = [(one_less, c)]
        out.extend((merged(quotient, n), -c * v) for n, v in others.items())
        return out

    # --- finitely many values -------------------------------------------------------------------

    def interpolate(self, args: list[Poly], f: Callable[[list[Poly]], Poly]) -> Poly:
        """``f(*args)``, tried for each value of every atom that has finitely many."""
        finite = sorted({a for p in args for a in atoms_of(p) if a.values})
        if not finite or prod(len(a.values) for a in finite) > self.budget.choices:
            return f(args)
        return self._interpolate(args, finite, f)

    def _interpolate(self, args: list[Poly], finite: list[Atom], f: Callable[[list[Poly]], Poly]) -> Poly:
        if not finite:
            return f(args)
        a, *others = finite
        if not any(a in atoms_of(p) for p in args):
            return self._interpolate(args, others, f)
        results = [self._interpolate([at_value(p, a, v) for p in args], others, f) for v in a.values]
        out: Poly = {}
        for basis, result in zip(lagrange_basis(a.values), results, strict=True):
            for power, c in enumerate(basis):
                if c:
                    part = self.mul(single(a, power), result) if power else result
                    out = plus(out, part, c)
        return out

    # --- inverses -------------------------------------------------------------------------------

    def inverse(self, p: Poly) -> Poly:
        """``1/p``, on the domain where p is not 0."""
        if len(p) == 1:
            ((m, c),) = p.items()
            if not any(a.values for a, _ in m):
                c = Fraction(1, c)
                inverted = self.settle({a: -e for a, e in m})
                return scaled(inverted, int(c) if c.denominator == 1 else c)
        key = freeze(p)
        found = self._inverses.get(key)
        if found is None:
            self.tick(5)
            found = self.interpolate([p], lambda args: self._inverse(args[0]))
            self._inverses[key] = found
        return found

    def _inverse(self, p: Poly) -> Poly:
        if not p:
            raise UndefinedError("a division by 0")
        if len(p) == 1:
            ((m, c),) = p.items()
            return scaled(self.settle({a: -e for a, e in m}), Fraction(1, c))
        p, cleared = self.cleared(p)
        if cleared:
            return self.product([self.inverse(p), *(self.int_power(d, k) for d, k in cleared)])
        rational = self._rationalised(p)
        if rational is not None:
            return rational
        c, mono, parts = self.factors(p)
        out = scaled(self.settle({a: -e for a, e in mono}), Fraction(1, c))
        for part, power in parts:
            u = self.inverse_atom(part)
            out = self.mul(out, self.settle({u: power}))
        return out

    def factors(self, p: Poly) -> tuple[Rational, Mono, list[tuple[Poly, int]]]:
        """Number, monomial and irreducible factors; remembered."""
        key = freeze(p)
        found = self._factors.get(key)
        if found is None:
            self.tick(10)
            found = self._factors[key] = factors(p)
        return found

    def cleared(self, p: Poly) -> tuple[Poly, list[tuple[Poly, int]]]:
        """``p`` times the denominators inside it, and these with their powers."""
        top: dict[Atom, int] = {}
        for m in p:
            for a, e in m:
                if a.kind == "inv" and e > top.get(a, 0):
                    top[a] = int(e)
        if not top:
            return p, []
        out: Poly = {}
        for m, c in p.items():
            d = dict(m)
            parts = [self.int_power(dict(a.data[0]), int(e - d.pop(a, 0))) for a, e in top.items()]
            out = plus(out, self.product([self.settle(d), *parts]), c)
        powers = [(dict(a.data[0]), e) for a, e in sorted(top.items())]
        if any(a.kind == "inv" for a in atoms_of(out)):
            out, more = self.cleared(out)
            powers += more
        return out, powers

    def _rationalised(self, p: Poly) -> Poly | None:
        """1/(a + b s) = (a - b s)/(a^2 - b^2 D) for a square root s of D."""
        half = Fraction(1, 2)
        roots = [a for a in sorted(atoms_of(p)) if a.kind == "root"]
        if not roots or len(roots) > 2 or len(p) > 40:
            return None
        s = roots[0]
        if any(b is s and e != half for m in p for b, e in m):
            return None
        with_root = {m: c for m, c in p.items() if (s, half) in m}
        rest = {m: c for m, c in p.items() if m not in with_root}
        other = plus(rest, with_root, -1)
        norm = self.mul(p, other)
        if not norm or (s, half) in {x for m in norm for x in m}:
            return None
        return self.mul(other, self.inverse(norm))

    def inverse_atom(self, p: Poly) -> Atom:
        """The atom 1/p of an irreducible in its settled scale."""
        u = atom("inv", freeze(p))
        if u.depth > self.budget.depth:
            raise spent(f"functions nested more than {self.budget.depth} deep")
        if u.plan is None:
            u.plan = plan_reduction(p) or False
        return u

    # --- renaming -------------------------------------------------------------------------------

    def rename(self, p: Poly, names: Renaming) -> Poly:
        """``p`` with indices replaced by index expressions."""
        gone = frozenset(names)
        if not any(gone & a.indices for m in p for a, _ in m):
            return p
        out: Poly = {}
        for m, c in p.items():
            out = plus(out, self.rename_mono(m, names), c)
        return out

    def rename_mono(self, m: Mono, names: Renaming) -> Poly:
        """One monomial with indices replaced."""
        gone = frozenset(names)
        still = {a: e for a, e in m if not gone & a.indices}
        parts = [self.rename_power(a, e, names) for a, e in m if gone & a.indices]
        if all(len(p) == 1 for p in parts):
            # One settling instead of one for each factor.
            total: Rational = 1
            for part in parts:
                ((n, c),) = part.items()
                total *= c
                still = merged(still, n)
            return scaled(self.settle(still), total)
        return self.product([self.settle(still), *parts])

    def rename_power(self, a: Atom, e: Rational, names: Renaming) -> Poly:
        """A power of an atom with indices replaced."""
        used = frozenset((i, x) for i, x in names.items() if i in a.indices)
        key = (a, e, used)
        found = self._renamed.get(key)
        if found is None:
            self.tick()
            found = self._renamed[key] = self.rebuilt(a, e, dict(used))
        return found

    def rebuilt(self, a: Atom, e: Rational, names: Renaming) -> Poly:
        """The same power made anew from its renamed parts."""
        raise NotImplementedError

    def fresh(self, index: Index) -> Index:
        """A dummy that occurs nowhere else."""
        self.clock += 1
        return Index(f"#t{self.clock}", index.dim)
