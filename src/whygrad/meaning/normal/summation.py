"""Sums over an index, in one form for each value; products, maxima and minima likewise.

A sum is linear, so it is taken term by term. In one term: a delta over the dummy sifts; factors
without it leave; sums inside (to whole powers) are opened, so that nested sums become one network of
factors that share dummies; its connected parts become atoms. The dummies of an atom are called
``#level.0``, ``#level.1``, ... where the level is one more than that of the sums inside its factors,
so that nothing captures; which of several dummies comes first is settled by what they stand in
(colour refinement, then trying the orders that are left, within a bound).
"""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations, product
from math import factorial, prod

from whygrad.core.cost import Declaration
from whygrad.core.expr import Add, Apply, Entry, Expr, Index, Number, Size, Symbol
from whygrad.core.walk import free_indices
from whygrad.meaning.normal.atoms import (
    UNIT,
    Atom,
    Mono,
    Poly,
    Rational,
    atom,
    constant,
    freeze,
    gather,
    indices_of,
    mono_key,
    number,
    opaque,
    plus,
    poly_key,
    scaled,
    single,
)
from whygrad.meaning.normal.functions import Functions
from whygrad.meaning.normal.reduction import (
    Draft,
    Renaming,
    UndefinedError,
    equal_positions,
    position_order,
    renamed_expr,
)


class Summation(Functions):
    """Sums, products and extremes over an index."""

    def sum_over(self, p: Poly, index: Index) -> Poly:
        """The sum of ``p`` over all positions of ``index``."""
        out: Poly = {}
        for m, c in p.items():
            inside = {a: e for a, e in m if index in a.indices}
            outside = {a: e for a, e in m if index not in a.indices}
            part = self.network((index,), inside)
            if outside:
                part = self.mul(part, {frozenset(outside.items()): 1})
            out = plus(out, part, c)
        return out

    def network(self, dummies: tuple[Index, ...], factors: Draft) -> Poly:
        """The sum over the dummies of a product of factors."""
        self.tick(len(dummies) + len(factors))
        sifted = self._sift(dummies, factors)
        if sifted is not None:
            return sifted
        opened = self._open(dummies, factors)
        if opened is not None:
            return opened
        cancelled = self._cancel_inverse(dummies, factors)
        if cancelled is not None:
            return cancelled
        out = number(1)
        for part, inside in _components(dummies, factors):
            out = self.mul(out, self._component(part, inside))
        rest = {a: e for a, e in factors.items() if not a.indices.intersection(dummies)}
        return self.mul(out, self.settle(rest)) if rest else out

    def _sift(self, dummies: tuple[Index, ...], factors: Draft) -> Poly | None:
        """A delta over a dummy takes the sum over it away."""
        for a in factors:
            if a.kind != "delta":
                continue
            for here, there in (a.data, a.data[::-1]):
                if here in dummies and self._reaches(here, there):
                    rest: Mono = frozenset((b, e) for b, e in factors.items() if b is not a)
                    left = tuple(d for d in dummies if d is not here)
                    return self.spread(left, self.rename_mono(rest, {here: there}))
        return None

    def _reaches(self, index: Index, position: Expr) -> bool:
        """Whether the position is surely one of the index's."""
        match position:
            case Index(_, dim):
                return dim == index.dim
            case Number(value):
                return value == 1
            case _:
                return False

    def _open(self, dummies: tuple[Index, ...], factors: Draft) -> Poly | None:
        """Sums inside become part of the network."""
        for a, e in factors.items():
            if a.kind != "sum" or e <= 0 or e.denominator != 1:
                continue
            if not a.indices.intersection(dummies):
                continue
            rest = {b: f for b, f in factors.items() if b is not a}
            inner, body = list[Index](), single_unit()
            for _ in range(int(e)):
                names = {d: self.fresh(d) for d in a.data[0]}
                inner += names.values()
                body = self.mul(body, self.rename_mono(a.data[1], names))
            return self.spread((*dummies, *inner), self.mul(body, self.settle(rest)))
        return None

    def _cancel_inverse(self, dummies: tuple[Index, ...], factors: Draft) -> Poly | None:
        """sum_k S_jk inv(S)_kl = delta_jl, where nothing else has k."""
        for a in factors:
            found = _inverse_of(a)
            if found is None:
                continue
            name, (left, right) = found
            for k, other in ((left, right), (right, left)):
                touching = [b for b in factors if b is not a and k in b.indices]
                if k not in dummies or k is other or len(touching) != 1:
                    continue
                (b,) = touching
                entry = b.data[0]
                if factors[a] != 1 or factors[b] != 1 or b.kind != "expr":
                    continue
                far = _across(entry, name, k, first=k is right)
                if far is None and self.is_symmetric(name):
                    far = _across(entry, name, k, first=k is not right)
                if far is not None:
                    rest = {c: e for c, e in factors.items() if c is not a and c is not b}
                    whole = self.mul(self.delta(far, other), self.settle(rest))
                    return self.spread(tuple(d for d in dummies if d is not k), whole)
        return None

    def is_symmetric(self, name: str) -> bool:
        """Whether a matrix was declared symmetric."""
        declared = self.scope.declarations.get(name)
        return declared is not None and (declared.has("symmetric") or declared.has("spd"))

    def symmetric_array(self, e: Expr) -> bool:
        """Whether an array is symmetric by how it is written: S, A'A, A + B of such, an inverse of one."""
        stack = [e]
        while stack:
            match stack.pop():
                case Symbol(name, ()) if self.is_symmetric(name):
                    pass
                case Apply("identity"):
                    pass
                case Apply("inv" | "transpose", (inside,)):
                    stack.append(inside)
                case Apply("matmul", (Apply("transpose", (a,)), b)) if a is b:
                    pass
                case Apply("matmul", (a, Apply("transpose", (b,)))) if a is b:
                    pass
                case Add(terms):
                    stack.extend(terms)
                case _:
                    return False
        return True

    def spread(self, dummies: tuple[Index, ...], p: Poly) -> Poly:
        """The sum over several dummies of a polynomial."""
        out: Poly = {}
        for m, c in p.items():
            used = [(a, e) for a, e in m if a.indices.intersection(dummies)]
            rest = {a: e for a, e in m if not a.indices.intersection(dummies)}
            part = self.network(dummies, dict(used)) if dummies else number(1)
            out = plus(out, self.mul(part, self.settle(rest)) if rest else part, c)
        return out

    def _component(self, dummies: tuple[Index, ...], factors: Draft) -> Poly:
        """The atom of one connected part."""
        if not factors:
            sizes = [opaque(Size(d.dim)) for d in dummies]
            return self.product(sizes)
        known = self.known_sum(dummies, factors)
        if known is not None:
            return known
        halved = self._in_both_orders(dummies, factors)
        if halved is not None:
            return halved
        level = 1 + max(a.level for a in factors)
        body: Mono = frozenset(factors.items())
        if len(dummies) == 1:
            order = dummies
        else:
            # Which position comes first must not decide which dummy does: see below.
            kept = frozenset(x for x in body if not _orders_dummies(x[0], dummies))
            order = self._ordered(dummies, kept)
        marks = tuple(Index(f"#{level}.{k}", d.dim) for k, d in enumerate(order))
        renamed = self.rename_mono(body, dict(zip(order, marks, strict=True)))
        if len(renamed) == 1:
            ((m, c),) = renamed.items()
            inside: Mono = frozenset((a, e) for a, e in m if a.indices.intersection(marks))
            out = single(self.made("sum", marks, inside), 1)
            rest = m - inside
            return scaled(self.mul(out, {rest: 1}) if rest else out, c)
        # The dummies in their settled order turned an order of positions round: 1 - delta - before.
        return self.spread(marks, renamed)

    def _in_both_orders(self, dummies: tuple[Index, ...], factors: Draft) -> Poly | None:
        """sum_{a<b} u = (sum_{a,b} u - sum_{a=b} u)/2 for a u that is the same with a, b exchanged."""
        orders = [x for x in factors if _orders_dummies(x, dummies)]
        if len(orders) != 1 or factors[orders[0]] != 1:
            return None
        first, second = orders[0].data
        rest: Mono = frozenset((x, e) for x, e in factors.items() if x is not orders[0])
        if self.rename_mono(rest, {first: second, second: first}) != {rest: 1}:
            return None
        whole = self.spread(dummies, {rest: 1})
        diagonal = self.spread(dummies, self.mul({rest: 1}, self.delta(first, second)))
        return scaled(plus(whole, diagonal, -1), Fraction(1, 2))

    # --- which dummy comes first ----------------------------------------------------------------

    def _ordered(self, dummies: tuple[Index, ...], body: Mono) -> tuple[Index, ...]:
        """The dummies in an order that does not depend on their names."""
        colours: dict[Index, str] = {d: d.dim for d in dummies}
        for _ in range(2):
            colours = self._refined(colours, body)
        classes: dict[str, list[Index]] = {}
        for d in dummies:
            classes.setdefault(colours[d], []).append(d)
        groups = [classes[c] for c in sorted(classes)]
        count = prod(factorial(len(g)) for g in groups)
        if count == 1 or count > self.budget.labellings:
            return tuple(d for g in groups for d in g)
        self.tick(count)
        best: tuple[str, tuple[Index, ...]] | None = None
        for choice in product(*(permutations(g) for g in groups)):
            order = tuple(d for g in choice for d in g)
            marks = {d: Index(f"#!{k:02}", d.dim) for k, d in enumerate(order)}
            key = poly_key(self.rename_mono(body, marks))
            if best is None or key < best[0]:
                best = key, order
        return best[1] if best else dummies

    def _refined(self, colours: dict[Index, str], body: Mono) -> dict[Index, str]:
        """A dummy's next colour: its old one and the factors it stands in, the others by colour."""
        numbers = {c: k for k, c in enumerate(sorted(set(colours.values())))}
        marks = {d: Index(f"#?{numbers[c]}", d.dim) for d, c in colours.items()}
        out: dict[Index, str] = {}
        for d, colour in colours.items():
            names: Renaming = {**marks, d: Index("#!", d.dim)}
            seen: list[str] = []
            for a, e in body:
                if d in a.indices:
                    seen.append(self._symmetric_key(a, names, e) or _marked_key(a, names, e))
            out[d] = f"{colour}|{'&'.join(sorted(seen))}"
        return out

    def _symmetric_key(self, a: Atom, names: Renaming, e: Rational) -> str:
        """The same for an entry of a symmetric matrix: which index stands first must not matter."""
        match a.data[0] if a.kind in ("expr", "label") else None:
            case Symbol(name, (Index() as i, Index() as j)) if self.is_symmetric(name):
                head = name
            case Entry(Apply("inv", (inside,)), (Index() as i, Index() as j)) if self.symmetric_array(inside):
                head = f"inv {inside}"
            case _:
                return ""
        return f"{head} {sorted(str(names.get(x, x)) for x in (i, j))}^{e}"

    # --- what declarations say of whole sums ------------------------------------------------------

    def known_sum(self, dummies: tuple[Index, ...], factors: Draft) -> Poly | None:
        """The value of a sum that a declaration gives."""
        if len(dummies) != 1 or len(factors) != 1:
            return None
        ((a, e),) = factors.items()
        if e != 1 or a.kind not in ("expr", "label") or not isinstance(a.data[0], Symbol):
            return None
        (dummy,) = dummies
        name, indices = a.data[0].name, a.data[0].indices
        declared = self.scope.declarations.get(name)
        if declared is None or not indices or indices[-1] is not dummy:
            return None
        if any(dummy in free_indices(i) for i in indices[:-1]):
            return None
        for domain in declared.domains:
            if domain.kind in ("onehot", "simplex"):
                self.uses.add(_sum_to_one(declared))
                return number(1)
        return None

    @property
    def uses(self) -> set[str]:
        """The declared facts that were used."""
        raise NotImplementedError

    # --- products, maxima, minima -----------------------------------------------------------------

    def product_over(self, p: Poly, index: Index) -> Poly:
        """The product over all positions: factor by factor."""
        if not p:
            return {}
        size = opaque(Size(index.dim))
        p, denominators = self.cleared(p)
        c, mono, parts = self.factors(p)
        out = self.power(number(c), size) if c != 1 else number(1)
        pieces: list[tuple[Poly, Rational]] = [(single(a), e) for a, e in mono]
        pieces += [(part, k) for part, k in parts]
        pieces += [(bottom, -k) for bottom, k in denominators]
        for piece, e in pieces:
            out = self.mul(out, self._product_of(piece, e, index, size))
        return out

    def _product_of(self, p: Poly, e: Rational, index: Index, size: Poly) -> Poly:
        if index not in indices_of(p):
            return self.power(p, scaled(size, e))
        if len(p) == 1:
            ((a, _),) = next(iter(p))
            if a.kind == "exp":
                return self.exp(scaled(self.sum_over({a.data[0]: 1}, index), e))
        whole = self._bound("prod", p, index)
        if e.denominator == 1:
            return self.int_power(whole, int(e))
        return self.power(whole, number(e))

    def extreme_over(self, kind: str, p: Poly, index: Index) -> Poly:
        """The largest or smallest over all positions: what does not depend on it leaves."""
        outside = {m: c for m, c in p.items() if not any(index in a.indices for a, _ in m)}
        inside = {m: c for m, c in p.items() if m not in outside}
        if not inside:
            return outside
        size = min(abs(c) for c in inside.values())
        inside = gather((m, Fraction(c) / size) for m, c in inside.items())
        return plus(outside, self._bound(kind, inside, index), size)

    def _bound(self, kind: str, p: Poly, index: Index) -> Poly:
        level = 1 + max((a.level for m in p for a, _ in m), default=0)
        mark = Index(f"#{level}.0", index.dim)
        return single(self.made(kind, mark, freeze(self.rename(p, {index: mark}))))

    # --- renaming -------------------------------------------------------------------------------

    def rebuilt(self, a: Atom, e: Rational, names: Renaming) -> Poly:
        """A power of an atom made anew from its renamed parts."""
        if a.kind == "root":
            return self.power(self.rename(dict(a.data[0]), names), number(e))
        out = self._rebuilt(a, names)
        if e == 1:
            return out
        if e.denominator == 1:
            return self.int_power(out, int(e))
        if len(out) == 1:
            # Positive where it stood under a root, so positive here.
            ((m, c),) = out.items()
            if c == 1 and len(m) == 1:
                ((b, f),) = m
                if not b.special:
                    return self.settle({b: f * e})
        return self.power(out, number(e))

    def _rebuilt(self, a: Atom, names: Renaming) -> Poly:
        match a.kind:
            case "expr" | "label":
                return self.leaf(renamed_expr(a.data[0], names))
            case "delta":
                return self.delta(*(renamed_expr(i, names) for i in a.data))
            case "before":
                return self.before(*(renamed_expr(i, names) for i in a.data))
            case "exp":
                return self.exp(self.rename_mono(a.data[0], names))
            case "sum":
                dummies: tuple[Index, ...] = a.data[0]
                body = self.rename_mono(a.data[1], names)
                return self.spread(dummies, body)
            case "prod":
                return self.product_over(self.rename(dict(a.data[1]), names), a.data[0])
            case "max" | "min":
                body = self.rename(dict(a.data[1]), names)
                return self.extreme_over(a.kind, body, a.data[0])
            case "call":
                parts = [self.rename(dict(p), names) for p in a.data[1:]]
                if a.data[0] == "pow":
                    return self.power(parts[0], parts[1])
                return self.call(a.data[0], parts)
            case _:
                return self._rebuilt_of_one(a, self.rename(dict(a.data[0]), names))

    def _rebuilt_of_one(self, a: Atom, p: Poly) -> Poly:
        match a.kind:
            case "log":
                return self.log(p)
            case "inv":
                return self.inverse(p)
            case "sign":
                # It stands where a sign was settled off a null set; on a diagonal there is no telling.
                if not p:
                    raise UndefinedError("a sign at a kink")
                return self.sign_factor(p)
            case "positive":
                return self.is_positive(p, strict=True)
            case "zero":
                return self.is_zero_value(p)
            case _:
                raise KeyError(a.kind)

    def leaf(self, e: Expr) -> Poly:
        """A symbol, size, position or other closed expression; told by the floor above."""
        raise NotImplementedError

    def delta(self, left: Expr, right: Expr) -> Poly:
        """1 where two positions agree."""
        if left is right:
            return number(1)
        if isinstance(left, Number) and isinstance(right, Number):
            return number(int(left.value == right.value))
        return single(equal_positions(left, right))

    def before(self, left: Expr, right: Expr) -> Poly:
        """1 where the first position is smaller; 1 - delta - before the other way round."""
        if left is right:
            return {}
        if isinstance(left, Number) and isinstance(right, Number):
            return number(int(left.value < right.value))
        if position_order(right) < position_order(left):
            turned = single(atom("before", right, left))
            return plus(plus(number(1), self.delta(left, right), -1), turned, -1)
        return single(atom("before", left, right))


def _sum_to_one(declared: Declaration) -> str:
    """The fact in words: sum_k Y[i,k] = 1."""
    usual = "ijklpq"[: len(declared.dims)]
    letters = declared.letters if len(declared.letters) == len(declared.dims) else tuple(usual)
    return f"sum_{letters[-1]} {declared.name}[{','.join(letters)}] = 1"


def single_unit() -> Poly:
    """The polynomial 1."""
    return {UNIT: 1}


def _orders_dummies(a: Atom, dummies: tuple[Index, ...]) -> bool:
    return a.kind == "before" and all(i in dummies for i in a.data)


def _inverse_of(a: Atom) -> tuple[str, tuple[Expr, Expr]] | None:
    """The matrix and the positions of an entry of an inverse."""
    match a.data[0] if a.kind == "expr" else None:
        case Entry(Apply("inv", (Symbol(name, ()),)), (left, right)):
            return name, (left, right)
        case _:
            return None


def _across(entry: Expr, name: str, k: Expr, *, first: bool) -> Expr | None:
    """The other position of S[k, far] (``first``) or S[far, k]."""
    match entry:
        case Symbol(found, (left, right)) if found == name:
            near, far = (left, right) if first else (right, left)
            return far if near is k and near not in free_indices(far) else None
        case _:
            return None


def _components(dummies: tuple[Index, ...], factors: Draft) -> list[tuple[tuple[Index, ...], Draft]]:
    """The parts of a network that share no dummy."""
    if len(dummies) == 1:
        inside = {a: e for a, e in factors.items() if dummies[0] in a.indices}
        return [(dummies, inside)]
    home = {d: d for d in dummies}

    def root(d: Index) -> Index:
        while home[d] is not d:
            d = home[d]
        return d

    for a in factors:
        shared = [d for d in dummies if d in a.indices]
        for d in shared[1:]:
            home[root(d)] = root(shared[0])
    groups: dict[Index, list[Index]] = {}
    for d in dummies:
        groups.setdefault(root(d), []).append(d)
    out: list[tuple[tuple[Index, ...], Draft]] = []
    for group in groups.values():
        inside = {a: e for a, e in factors.items() if a.indices.intersection(group)}
        out.append((tuple(group), inside))
    return out


def _marked_key(a: Atom, names: Renaming, e: Rational) -> str:
    """The factor's name with dummies replaced by marks, as text (never read back)."""
    key = a.key
    for d in sorted(names, key=lambda i: -len(i.letter)):
        new = names[d]
        if d in a.indices and isinstance(new, Index):
            key = key.replace(f"Index {d.letter}:{d.dim}", f"Index {new.letter}:{new.dim}")
    return f"{key}^{e}"


__all__ = ["Summation", "constant", "mono_key"]
