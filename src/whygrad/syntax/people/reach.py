"""What stands under a big operator, and how far a sum reaches."""

from __future__ import annotations

from whygrad.core.errors import Span
from whygrad.syntax.people import tree as t
from whygrad.syntax.people.tree import Tree


def binder_of(sub: Tree | None, sup: Tree | None) -> t.Binder:
    """The letters, limits and conditions under and over a big operator."""
    letters: list[str] = []
    where: Tree | None = None
    low: Tree | None = None
    over = ""
    items = sub.items if isinstance(sub, t.Group) and sub.bracket == "{" else () if sub is None else (sub,)
    for item in items:
        match item:
            case t.Relation((t.Product((("", own), (":", first))), *others), ops):  # k: t_k >= t_i
                letters += [name for x in (own,) if (name := _letter(x))]
                where = t.Relation((first, *others), ops, item.span)
            case t.Relation((first, second), ("=",)):
                letters += [name for x in (first,) if (name := _letter(x))]
                low = second
            case t.Relation((first, second), ("∈",)):
                letters += [name for x in (first,) if (name := _letter(x))]
                over = _set_name(second)
            case t.Relation((first, second), ("!=",)):
                own = _letter(first)
                other = _letter(second)
                bound = own if own and own not in letters else other
                if own in letters or (other in letters and other):
                    bound = ""
                if bound:
                    letters.append(bound)
                where = item
            case t.Relation(operands):
                if not letters:
                    letters += [name for x in operands[1:2] or operands[:1] if (name := _letter(x))][:1]
                    if len(operands) == 2:
                        name = _letter(operands[0])
                        letters = [name] if name else letters
                where = item
            case t.Words():
                over = item.text
            case _:
                letters += _letters(item)
    return t.Binder(tuple(dict.fromkeys(letters)), where, low, None if sup is None else t.bare(sup), over)


def _set_name(tree: Tree) -> str:
    tree = t.bare(tree)
    match tree:
        case t.Name(name):
            return name
        case t.Script(t.Name(name)):
            return name + "_set"
        case _:
            return "set"


def _letter(tree: Tree) -> str:
    tree = t.bare(tree)
    match tree:
        case t.Name(name):
            return name
        case t.Script(t.Name(name), None, None, primes):
            return name + "'" * primes
        case t.Script(t.Name(), sub, None, 0) if sub is not None:
            return _letter(sub)
        case t.Script(t.Name(), None, sup, 0) if sup is not None:
            return _letter(sup)
        case _:
            return ""


def _letters(tree: Tree) -> list[str]:
    match tree:
        case t.Product(factors):
            return [name for _, f in factors if (name := _letter(f))]
        case t.Group(items):
            return [name for f in items if (name := _letter(f))]
        case _:
            name = _letter(tree)
            return [name] if name else []


def reach(terms: list[tuple[int, Tree]], *, stops: bool = False) -> list[tuple[int, Tree]]:
    """Put into a sum that ends a term each further term that carries its letter."""
    out: list[tuple[int, Tree]] = []
    for sign, term in terms:
        if out and not stops:
            letters = _open_letters(out[-1][1])
            if letters and letters & t.names_in(term):
                out[-1] = (out[-1][0], _absorb(out[-1][1], sign, term))
                continue
        out.append((sign, term))
    return out


def _open_letters(term: Tree) -> frozenset[str]:
    """The letters of the sums that end a term and may reach on."""
    found: frozenset[str] = frozenset()
    while True:
        match term:
            case t.Product(factors) if factors[-1][0] != "/":
                term = factors[-1][1]
            case t.Applied(_, operand):
                term = operand
            case t.Big("sum", binder, body):
                found |= frozenset(binder.letters)
                term = body
            case t.Sum(terms):
                term = terms[-1][1]
            case _:
                return found


def _absorb(term: Tree, sign: int, more: Tree) -> Tree:
    """``term`` with ``more`` inside its last sum that carries a letter of it."""
    span = Span(term.span.start, more.span.end)
    free = t.names_in(more)
    match term:
        case t.Product(factors):
            last = _absorb(factors[-1][1], sign, more)
            return t.Product((*factors[:-1], (factors[-1][0], last)), span)
        case t.Applied(operator, operand):
            return t.Applied(operator, _absorb(operand, sign, more), span)
        case t.Big(op, binder, body):
            if _open_letters(body) & free:
                return t.Big(op, binder, _absorb(body, sign, more), span)
            terms = body.terms if isinstance(body, t.Sum) else ((1, body),)
            return t.Big(op, binder, t.Sum((*terms, (sign, more)), Span(body.span.start, span.end)), span)
        case t.Sum(terms):
            last = _absorb(terms[-1][1], sign, more)
            return t.Sum((*terms[:-1], (terms[-1][0], last)), span)
        case _:
            raise AssertionError("only terms that end in a sum absorb")
