"""The values of all lines under one setting."""

from __future__ import annotations

from dataclasses import replace

from whygrad.core.errors import Span, WhygradError
from whygrad.core.expr import Number, add, neg
from whygrad.syntax.people import tree as t
from whygrad.syntax.people.dims import MisfitError, UnknownError
from whygrad.syntax.people.prepare import Prepared
from whygrad.syntax.people.resolve import Resolver, Val
from whygrad.syntax.people.scripts import Letters, name_parts, spell
from whygrad.syntax.people.setting import Setting
from whygrad.syntax.people.tree import Tree


def resolve_lines(
    p: Prepared, s: Setting
) -> tuple[Resolver, list[tuple[Val | None, bool, str, Span | None]]]:
    """The values of the lines under a setting."""
    resolver = Resolver(s)
    out: list[tuple[Val | None, bool, str, Span | None]] = []
    for name in s.meant:
        meant = s.meant[name]
        if not meant.parameters:
            try:
                resolver.definition(meant)
            except (MisfitError, UnknownError):
                reset(resolver)
    resolver.fixed = {spell(t.bare(x)) for w in p.wrt for x in _subscripts(w, p.letters)}
    resolver.free = set()
    for k, parsed in enumerate(p.parsed):
        if k == 1:
            resolver.fixed |= resolver.free
        resolver.tag = f"line {k}"
        if parsed is None:
            out.append((None, False, "", None))
            continue
        resolver.count = 0
        try:
            value = line_value(resolver, parsed.tree, p.chain.mode)
            _size_ones(s, out[-1][0] if out else None, value)
            out.append((value, False, "", None))
        except MisfitError as error:
            reset(resolver)
            mended = _other_letter(resolver, parsed.tree, p.chain.mode, error)
            out.append((mended, True, error.reason, error.span))
        except UnknownError as error:
            reset(resolver)
            out.append((None, False, error.reason, error.span))
        except WhygradError as error:
            reset(resolver)
            out.append((None, False, error.reason, error.span))
    return resolver, out


def _size_ones(s: Setting, before: Val | None, after: Val) -> None:
    """Ones and identities of a size nobody named have that of the line before."""
    if before is None or before.rank != after.rank:
        return
    for a, b in zip(before.dims, after.dims, strict=True):
        if any(s.dims.find(d).startswith(("ones#", "I#")) for d in (a, b)):
            s.dims.join(a, b)


def _subscripts(tree: Tree, letters: Letters) -> tuple[Tree, ...]:
    found = name_parts(tree, letters) if isinstance(tree, t.Name | t.Script) else None
    return () if found is None else (*found.subs, *found.sups)


def _other_letter(resolver: Resolver, tree: Tree, mode: str, error: MisfitError) -> Val | None:
    """A line whose one letter runs over the wrong dimension, with the letter that fits there.

    It is for the judge to say whether that makes the line right, and then a slip of the pen.
    """
    if not error.letter:
        return None
    dims = resolver.s.dims
    fitting = [
        x[1:]
        for x in list(dims.parent)
        if x.startswith("@") and ":" not in x and "#" not in x and dims.find(x) == dims.find(error.dim)
    ]
    for letter in sorted(set(fitting))[:4]:
        if letter == error.letter or "'" in letter or "*" in letter:
            continue
        try:
            return line_value(resolver, _renamed(tree, error.span, letter), mode)
        except (MisfitError, UnknownError, WhygradError):
            reset(resolver)
    return None


def _renamed(tree: Tree, span: Span, letter: str) -> Tree:
    """The tree with the name at a place replaced."""
    if isinstance(tree, t.Name):
        return t.Name(letter, tree.span) if tree.span == span else tree
    if not (tree.span.start <= span.start and span.end <= tree.span.end) or not t.parts(tree):
        return tree

    def again(x: Tree) -> Tree:
        return _renamed(x, span, letter)

    match tree:
        case t.Script(base, sub, sup, primes, at):
            return t.Script(
                again(base),
                None if sub is None else again(sub),
                None if sup is None else again(sup),
                primes,
                at,
            )
        case t.Group(items):
            return replace(tree, items=tuple(again(x) for x in items))
        case t.Sum(terms):
            return replace(tree, terms=tuple((s, again(x)) for s, x in terms))
        case t.Product(factors):
            return replace(tree, factors=tuple((op, again(x)) for op, x in factors))
        case t.Quotient(top, bottom):
            return replace(tree, top=again(top), bottom=again(bottom))
        case t.Func(args=args):
            return replace(tree, args=tuple(again(x) for x in args))
        case t.Big(body=body):
            return replace(tree, body=again(body))
        case t.Applied(operator, operand):
            return replace(tree, operator=again(operator), operand=again(operand))
        case t.Deriv(body, wrt):
            inner = None if body is None else again(body)
            return replace(tree, body=inner, wrt=tuple(again(x) for x in wrt))
        case _:
            return tree


def reset(resolver: Resolver) -> None:
    """Forget what a line that could not be finished left behind."""
    resolver.bound, resolver.arguments, resolver.positions_of = {}, {}, {}
    resolver.open = set()
    resolver.entries = False


def line_value(resolver: Resolver, tree: Tree, mode: str) -> Val:
    """The value of a line; of an equation the difference of its sides."""
    if isinstance(tree, t.Name | t.Script) and resolver.s.recursive:
        found = name_parts(tree, resolver.s.letters)
        meant = resolver.s.recursive.get(found.name) if found is not None else None
        if found is not None and meant is not None and found.power is None and not found.transposed:
            own = [spell(x) for x in (*meant.sups, *meant.subs)]
            if own == [spell(x) for x in (*found.sups, *found.subs)]:
                return resolver.value(meant.body)
    if mode != "equation" or not isinstance(tree, t.Relation):
        if isinstance(tree, t.Relation):
            tree = tree.operands[-1] if tree.ops[-1] == "=" else tree
        return resolver.value(tree)
    left, right = resolver.value(tree.operands[0]), resolver.value(tree.operands[-1])
    if left.rank and right.rank:
        resolver.s.dims.join_all(left.dims, right.dims, tree.span, "an equation")
    elif left.rank != right.rank and Number(0) not in (left.expr, right.expr):
        raise MisfitError("the two sides have different shapes", tree.span)
    wide = left if left.rank else right
    e = left.expr
    f = right.expr
    if left.row != right.row and left.rank == right.rank == 1:
        e, f = resolver.upright(left), resolver.upright(right)
    return Val(e if f is Number(0) else add(e, neg(f)), wide.dims)
