"""The rigorous refuter: enclosures of values at random admissible points.

Two enclosures that do not touch are a proof that two expressions differ (:func:`difference`); enclosures
of a difference that stay around 0, however precise, are strong evidence and no proof
(:func:`sampled_equal`). What each promises is in docs/judge.md.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from flint import arb, ctx

from whygrad.core import walk
from whygrad.core.cost import Definition, Scope
from whygrad.core.errors import BudgetError
from whygrad.core.expr import Expr
from whygrad.meaning.balls import BALLS
from whygrad.meaning.differentiate import evaluate_partials
from whygrad.meaning.program import Program, Values
from whygrad.meaning.sample import Point, Sampler, draw_sizes
from whygrad.meaning.to_index import Converter
from whygrad.meaning.unroll import Compiler

__all__ = ["BALLS", "Refutation", "difference", "enclose", "sampled_equal"]

PRECISIONS: Final = (128, 256, 512, 1024)
CLOSE: Final = 100
"""Bits below the largest summand within which an enclosure of a difference must stay around 0."""


@dataclass(frozen=True, slots=True)
class Refutation:
    """An admissible point at which two expressions provably differ."""

    point: Point
    values: tuple[str, str]
    difference: str
    enclosures: tuple[arb, arb]


def enclose(e: Expr, scope: Scope, point: Point, bits: int = 128) -> arb | None:
    """Enclose the value of an expression at a point; None where it has none or it cannot be told.

    Parameters
    ----------
    e
        A scalar expression; definitions are followed, free letters stand at ``point.positions``.
    scope
        What its names are.
    point
        Values of all free names.
    bits
        Working precision.

    Examples
    --------
    >>> from whygrad.core.expr import Call, Symbol
    >>> e = Call("log", (Symbol("u"),))
    >>> from fractions import Fraction
    >>> float(enclose(e, Scope(), Point({("u", ()): Fraction(1)}, {}, {})))
    0.0
    >>> enclose(e, Scope(), Point({("u", ()): Fraction(-1)}, {}, {})) is None
    True
    """
    program = compiled((e,), scope, point.sizes)
    if program is None:
        return None
    value = program.run(point, bits)[program.outputs[0]][program.flat(point.positions)]
    return value if value.is_finite() else None


def difference(a: Expr, b: Expr, scope: Scope, seed: int = 1, tries: int = 24) -> Refutation | None:
    """Search an admissible point at which ``a`` and ``b`` provably differ; readable ones first.

    Examples
    --------
    >>> from whygrad.core.expr import Symbol, add, mul
    >>> u, v = Symbol("u"), Symbol("v")
    >>> difference(add(u, v), mul(u, v), Scope()) is not None
    True
    >>> difference(add(u, v), add(v, u), Scope()) is None
    True
    """
    a, b = entries((a, b), scope)
    for k, (program, point) in enumerate(_draws((a, b), scope, seed, tries, groups=3, simple=8)):
        for bits in PRECISIONS[::2]:
            values = program.run(point, bits)
            found, sure = _apart(program, values)
            if found is not None:
                return _refutation(program, values, found, point)
            if sure and k:  # the first point is looked at closely: a tiny difference is one, too
                break
    return None


def sampled_equal(
    a: Expr, b: Expr, scope: Scope, seed: int = 1, points: int = 12, assignments: int = 2
) -> bool:
    """Test whether ``a`` and ``b`` agree at random admissible points: strong evidence, never a proof.

    At each of ``points`` points, over ``assignments`` of sizes, every entry of the difference must have
    an enclosure that contains 0 and lies within 2^-100 of the largest summand.

    Returns
    -------
    bool
        False also where too few points were found at which both are defined.

    Examples
    --------
    >>> from whygrad.core.expr import Call, Symbol, mul
    >>> u, v = Symbol("u"), Symbol("v")
    >>> product = mul(Call("exp", (u,)), Call("exp", (v,)))
    >>> from whygrad.core.expr import add
    >>> sampled_equal(product, Call("exp", (add(u, v),)), Scope())
    True
    """
    a, b = entries((a, b), scope)
    agreed = 0
    for program, point in _draws((a, b), scope, seed, 6 * points, groups=assignments, simple=0):
        verdict = _agree(program, point)
        if verdict is False:
            return False
        if verdict and not agreed and _agree(program, point, PRECISIONS[2:]) is False:
            return False  # apart after all, by less than the first precision shows
        agreed += verdict is True
        if agreed >= points:
            return True
    return False


# --- programs, kept -------------------------------------------------------------------------------
_KEPT: Final = 256
_programs: OrderedDict[
    tuple[tuple[Expr, ...], int, tuple[tuple[str, int], ...]], tuple[Scope, Program | None]
]
_programs = OrderedDict()


def compiled(exprs: tuple[Expr, ...], scope: Scope, sizes: Mapping[str, int]) -> Program | None:
    """The program of some expressions; None if they are too large to evaluate."""
    key = (exprs, id(scope), tuple(sorted(sizes.items())))
    found = _programs.get(key)
    if found is not None:  # the scope is held beside the program, so its id is still its own
        _programs.move_to_end(key)
        return found[1]
    program: Program | None = None
    try:
        plain = _without_partials(scope)
        program = Compiler(plain, sizes).outputs([_carried_out(e, scope) for e in exprs])
    except BudgetError:
        program = None
    _programs[key] = (scope, program)
    if len(_programs) > _KEPT:
        _programs.popitem(last=False)
    return program


def _without_partials(scope: Scope) -> Scope:
    """The scope with the derivatives in its definitions carried out."""
    changed: dict[str, Definition] = {}
    for name, definition in scope.definitions.items():
        body = _carried_out(definition.body, scope)
        if body is not definition.body:
            changed[name] = replace(definition, body=body)
    return replace(scope, definitions={**scope.definitions, **changed}) if changed else scope


def _carried_out(e: Expr, scope: Scope) -> Expr:
    return evaluate_partials(e, scope) if walk.holds_partial(e) else e


def entries(exprs: tuple[Expr, ...], scope: Scope) -> tuple[Expr, ...]:
    """The expressions, or for whole arrays their entries at common fresh letters."""
    converter = Converter(scope)
    dims = converter.layout(exprs[0]).dims
    if not dims:
        return exprs
    taken = {letter for e in exprs for letter in walk.letters(e)}
    indices: tuple[Expr, ...] = ()
    for dim in dims:
        index = converter.fresh(dim, taken)
        taken.add(index.letter)
        indices += (index,)
    return tuple(converter.entry(e, indices) for e in exprs)


def _draws(
    exprs: tuple[Expr, ...], scope: Scope, seed: int, tries: int, *, groups: int, simple: int
) -> Iterator[tuple[Program, Point]]:
    """Points with a program for their sizes: ``groups`` assignments of sizes, taken in turn.

    The first ``simple`` are round ones, then every other.
    """
    sampler = Sampler(exprs, scope)
    dims = sampler.dimensions
    sizes = [draw_sizes(dims, seed + 7919 * k, sampler.lost) for k in range(groups if dims else 1)]
    for k in range(tries):
        chosen = sizes[k % len(sizes)]
        program = compiled(exprs, scope, chosen)
        if program is not None:
            yield program, sampler.draw(seed + k, chosen, simple=k < simple or (k % 2 == 0 and simple > 0))


# --- comparing ------------------------------------------------------------------------------------
def _apart(program: Program, values: Values) -> tuple[int | None, bool]:
    """The first entry where two outputs do not touch; and whether more precision would be no help."""
    a, b = (values[n] for n in program.outputs)
    sure = True
    for k, (x, y) in enumerate(zip(a, b, strict=True)):
        if not (x.is_finite() and y.is_finite()):
            continue
        if not x.overlaps(y):
            return k, True
        sure = sure and max(x.rad(), y.rad()) <= _tiny(max(abs(x), abs(y)))
    return None, sure


def _tiny(scale: arb) -> arb:
    return scale * arb(2) ** -CLOSE


def _agree(program: Program, point: Point, precisions: tuple[int, ...] = PRECISIONS) -> bool | None:
    """Whether the outputs agree at a point; None where one is undefined."""
    for bits in precisions:
        values = program.run(point, bits)
        with ctx.workprec(bits):
            a, b = (values[n] for n in program.outputs)
            if not all(x.is_finite() for x in a) or not all(y.is_finite() for y in b):
                return None
            gaps = [x - y for x, y in zip(a, b, strict=True)]
            if not all(gap.contains(0) for gap in gaps):
                return False
            if all(abs(g).upper() <= _tiny(abs(x).upper()) for g, x in zip(gaps, a, strict=True)):
                return True
            largest = _largest_summand(program, values)
            if all(abs(gap).upper() <= _tiny(largest) for gap in gaps) and bits > PRECISIONS[0]:
                return True
    return None


def _largest_summand(program: Program, values: Values) -> arb:
    """How much could cancel: the largest term of any sum."""
    sizes = [abs(x).upper() for n in program.summands for x in values[n] if x.is_finite()]
    return max((*sizes, *(abs(x).upper() for n in program.outputs for x in values[n])))


def _refutation(program: Program, values: Values, entry: int, point: Point) -> Refutation:
    x, y = (values[n][entry] for n in program.outputs)
    placed = {**point.positions, **program.positions(entry)}
    texts = next(
        (t for digits in (4, 6, 9, 15, 30) if (t := (_text(x, digits), _text(y, digits)))[0] != t[1]),
        (_text(x, 60), _text(y, 60)),
    )
    with ctx.workprec(PRECISIONS[-1]):
        gap = _text(x - y, 4)
    return Refutation(replace(point, positions=placed), texts, gap, (x, y))


def _text(x: arb, digits: int) -> str:
    """The midpoint with so many significant digits."""
    mid = x.mid()
    if digits <= 15 and (mid.is_zero() or 1e-300 < abs(mid) < 1e300):
        return f"{float(mid):.{digits}g}"
    return mid.str(digits, radius=False)
