"""A reading finished: dimensions with names, a scope, the values of the lines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from whygrad.core.cost import Declaration, Definition, Domain, Scope
from whygrad.core.errors import Span, WhygradError
from whygrad.core.expr import Apply, Expr, Index, Number, Pow, Symbol, add, mul
from whygrad.meaning.to_index import Converter
from whygrad.syntax.people import tree as t
from whygrad.syntax.people.dims import Dims, MisfitError, UnknownError
from whygrad.syntax.people.line_values import line_value, reset, resolve_lines
from whygrad.syntax.people.prepare import Prepared
from whygrad.syntax.people.problem import Line, Read
from whygrad.syntax.people.read import Parsed
from whygrad.syntax.people.resolve import Resolver
from whygrad.syntax.people.scripts import name_parts, spell
from whygrad.syntax.people.setting import Setting
from whygrad.syntax.people.settle import with_kinds
from whygrad.syntax.people.tree import Tree
from whygrad.syntax.tokens import GREEK_NAMES


def finished(p: Prepared, base: Setting, ranks: Mapping[str, int], cost: float) -> Read:
    """Resolve again with the dimensions that were found, and build the scope."""
    first = with_kinds(base, ranks)
    resolve_lines(p, first)
    _name_dims(first, p)
    s = with_kinds(base, ranks, first.dims)
    resolver, values = resolve_lines(p, s)
    goal_names = _generic_goals(resolver, s)
    lines: list[Line] = []
    for parsed, (reason, place), (value, misfit, why, span), source in zip(
        p.parsed, p.errors, values, p.chain.lines, strict=True
    ):
        if value is not None:
            value = value._replace(dims=tuple(s.dims.find(d) for d in value.dims))
        spans, loose = _places(resolver, parsed, p, loosely=misfit)
        lines.append(Line(source, parsed, reason or why, place or span, value, misfit, loose, spans))
    scope = _scope(resolver, s)
    opaque = frozenset(n for n in resolver.opaque) | frozenset(goal_names)
    goal = _goal(p, s)
    wrt = tuple(x for w in p.wrt if (x := _symbol(resolver, w)) is not None)
    return Read(
        p.chain,
        s,
        lines,
        scope,
        cost,
        opaque,
        goal,
        described=_described(goal, p),
        known=_known(p),
        zeros=_zeros(p, s),
        wrt=wrt,
        functions=frozenset(resolver.opaque) | _perhaps_functions(p, s),
        choices=p.choices,
        readings=tuple(s.readings.values()),
    )


_FUNCTION_LETTERS: Final = frozenset("f g h l u v s phi psi rho sigma ell Phi Psi".split())
"""Letters that name functions; another one before a bracket is a factor."""


def _perhaps_functions(p: Prepared, s: Setting) -> frozenset[str]:
    """Undefined names that never stand without a bracket after them, read as factors.

    One with an index (``d_i (z_i - r_i)``) is a factor, as is a letter that names no functions.
    """
    return frozenset(
        name
        for name, use in p.letters.uses.items()
        if use.called > 1
        and use.not_called == use.argued_not
        and not use.indexed
        and (
            name in _FUNCTION_LETTERS
            or (len(name) == 1 and name.isupper())
            or (len(name) > 1 and name not in GREEK_NAMES)
        )
        and name not in s.meant
        and name not in s.products
    )


def _known(p: Prepared) -> frozenset[str]:
    """Every name the context, the phrases or the variable of the chain speak of."""
    found: set[str] = set()
    for tree in (*p.context.trees, *p.wrt, *(m.body for m in p.context.meant.values())):
        found |= t.names_in(tree)
    found |= set(p.context.meant) | set(p.context.kinds) | set(p.said.domains) | set(p.said.ranks)
    found |= set(p.said.sizes) | p.said.values
    return frozenset(found | {p.alias.get(n, n) for n in found})


def _described(goal: str, p: Prepared) -> bool:
    """Whether a line of context that gives no definition speaks of the goal."""
    if not goal:
        return False
    heads = [x.operands[0] for x in p.context.trees if isinstance(x, t.Relation)]
    if any(goal in t.names_in(head) for head in heads):
        return True
    base = goal.split("_")[0]
    style = r"\\?(?:mathcal\s*\{?|mathbf\s*\{?|hat\s*\{?)?"
    begins = re.compile(rf"{style}{re.escape(base)}(?![A-Za-z]).{{0,60}}=")
    return any(begins.match(piece.strip()) for piece in p.context.unread)


def _places(
    resolver: Resolver, parsed: Parsed | None, p: Prepared, *, loosely: bool
) -> tuple[dict[Expr, Span], Expr | None]:
    """Where the parts of a line stand; of one that does not fit also what it says, shapes aside."""
    if parsed is None:
        return {}, None
    s = resolver.s
    kept = s.dims
    copy = Dims()
    copy.parent, copy.constants, copy.loose = dict(kept.parent), set(kept.constants), loosely
    s.dims = copy
    resolver.spans, resolver.count = {}, 0
    try:
        value = line_value(resolver, parsed.tree, p.chain.mode)
    except (MisfitError, UnknownError, WhygradError):
        reset(resolver)
        return dict(resolver.spans), None
    finally:
        s.dims = kept
    return dict(resolver.spans), value.expr if loosely else None


def _symbol(resolver: Resolver, tree: Tree) -> Symbol | None:
    try:
        found = resolver.variable(tree).expr
    except (MisfitError, UnknownError, WhygradError):
        return None
    return found if isinstance(found, Symbol) else None


def _name_dims(s: Setting, p: Prepared) -> None:
    """Give every dimension a letter."""
    roots = dict.fromkeys(s.dims.find(d) for d in list(s.dims.parent) + list(s.dims.parent.values()))
    taken = set(p.letters.uses) | s.dims.constants | s.sizes | set(s.meant) | p.letters.bound
    pool = [c for c in ("m", "n", "p", "q", "K", "r", "N", "M", "P", "Q") if c not in taken]
    extra = 1
    for root in roots:
        if s.dims.is_constant(root) or root in s.sizes:
            continue
        if pool:
            letter = pool.pop(0)
        else:
            letter = f"n{extra}"
            extra += 1
        s.dims.constants.add(letter)
        s.dims.join(root, letter)


def _generic_goals(resolver: Resolver, s: Setting) -> list[str]:
    """Give each undefined quantity whose derivatives are used a general form."""
    done: list[str] = []
    for name, wrt in s.goals.items():
        if name == "d":
            continue
        below = [w for w in wrt if not any(w != v and _depends(v, w, s) for v in wrt)]
        terms: list[Expr] = []
        for w in below:
            dims = resolver.used.get(w)
            if dims is None and w in resolver.defined:
                _, own, left = resolver.defined[w]
                dims = tuple(i.dim for i in own) + left
            if dims is None:
                continue
            dims = tuple(s.dims.find(d) for d in dims)
            for k in (1, 2):
                weights = f"{name}·{w}{k}"
                resolver.used[weights] = dims
                power = Symbol(w) if k == 1 else Pow(Symbol(w), Number(2))
                if dims:
                    array = Symbol(w) if k == 1 else Apply("hadamard", (Symbol(w), Symbol(w)))
                    terms.append(Apply("dot", (Symbol(weights), array)))
                else:
                    terms.append(mul(Symbol(weights), power))
        if not terms:
            continue
        form = add(*terms)
        square = mul(Symbol(f"{name}·c"), Pow(form, Number(2)))
        resolver.defined[name] = add(form, square), (), ()
        done.append(name)
    return done


def _depends(name: str, on: str, s: Setting) -> bool:
    """Whether a defined name is made of another."""
    seen: set[str] = set()
    stack = [name]
    while stack:
        one = stack.pop()
        if one in seen:
            continue
        seen.add(one)
        inside = set(s.goals.get(one, ()))
        if one in s.meant:
            inside |= {s.real(n) for n in t.names_in(s.meant[one].body)}
        if on in inside:
            return True
        stack += inside
    return False


def _scope(resolver: Resolver, s: Setting) -> Scope:
    """Declarations and definitions of everything met."""
    declarations: dict[str, Declaration] = {}
    for name, dims in resolver.used.items():
        said = s.kinds.get(name)
        real = tuple(s.dims.find(d) for d in dims)
        domains = said.domains if said is not None else ()
        domains = tuple(
            replace(d, dim=_along(d, real)) if d.kind in ("onehot", "simplex") and real else d
            for d in domains
        )
        if any(d.kind in ("onehot", "simplex") for d in domains) and not real:
            domains = ()
        kind = said.kind if said is not None and said.kind else "data"
        declarations[name] = Declaration(name, kind, real, domains)
    for name, _left in list(resolver.defined.items()):
        declarations.pop(name, None)
    definitions: dict[str, Definition] = {}
    for name, (parameters, body) in resolver.functions.items():
        definitions[name] = Definition(name, body, parameters=parameters)
    plain = {
        name: Definition(
            name, e, own, tuple(s.dims.find(i.dim) for i in own) + tuple(s.dims.find(d) for d in left)
        )
        for name, (e, own, left) in resolver.defined.items()
    }
    rough = Scope(declarations, {**plain, **definitions})
    for name, definition in plain.items():
        definitions[name] = _by_index(definition, resolver.defined[name][2], rough, s)
    return Scope(declarations, definitions)


def _along(domain: Domain, dims: tuple[str, ...]) -> str:
    """The dimension along which entries add up to 1: the one that was named, else the last."""
    at = int(domain.dim[1:]) if domain.dim.startswith("#") else len(dims) - 1
    return dims[min(at, len(dims) - 1)]


def _by_index(definition: Definition, left: tuple[str, ...], scope: Scope, s: Setting) -> Definition:
    """A definition with own indices and an array body, written out by index."""
    own = tuple(Index(i.letter, s.dims.find(i.dim)) for i in definition.indices)
    if not own:
        return Converter(scope).definition(definition)
    converter = Converter(scope)
    taken = {i.letter for i in own}
    more: list[Index] = []
    for dim in left:
        index = converter.fresh(s.dims.find(dim), taken)
        taken.add(index.letter)
        more.append(index)
    body = converter.entry(definition.body, tuple(more), taken)
    return Definition(definition.name, body, (*own, *more), definition.dims)


def _goal(p: Prepared, s: Setting) -> str:
    """The undefined name that line 0 names or differentiates, if it is about one."""
    first = p.parsed[0].tree if p.parsed and p.parsed[0] is not None else None
    if first is None:
        return ""
    node = t.bare(first)
    while True:
        if isinstance(node, t.Deriv) and node.body is not None:
            node = t.bare(node.body)
        elif isinstance(node, t.Applied):
            node = t.bare(node.operand)
        elif isinstance(node, t.Differential):
            node = t.bare(node.body)
        elif (
            isinstance(node, t.Product) and len(node.factors) == 2 and isinstance(node.factors[1][1], t.Group)
        ):
            node = node.factors[0][1]
        elif isinstance(node, t.Func) and node.name in ("log", "exp"):
            node = t.bare(node.args[0])
        else:
            break
    found = name_parts(node, p.letters) if isinstance(node, t.Name | t.Script) else None
    if found is None or s.real(found.name) in s.meant or found.name in s.values:
        return ""
    if found.power is not None or found.name in ("e", "pi"):
        return ""  # a value, and no name for one
    if found.name in ("sigma",) or any(
        isinstance(f, t.Deriv) and f.body is not None and spell(f.body) == spell(node) for f, _ in s.facts
    ):
        return ""
    later = [x.tree for x in p.parsed[1:2] if x is not None]
    if any(found.name in t.names_in(x) for x in later):
        return ""
    return found.name


def _zeros(p: Prepared, s: Setting) -> frozenset[str]:
    """A letter that is differentiated by in line 0 and stands nowhere else: the derivative is at 0."""
    first = p.parsed[0].tree if p.parsed and p.parsed[0] is not None else None
    if first is None:
        return frozenset()
    wrt = {
        w.name
        for node in t.walk(first)
        if isinstance(node, t.Deriv)
        for w in node.wrt
        if isinstance(w, t.Name)
    }
    later: set[str] = set()
    for x in p.parsed[1:]:
        if x is not None:
            later |= t.names_in(x.tree)
    declared = {n for m in s.meant.values() for n in t.names_in(m.body)}
    return frozenset(w for w in wrt if w in ("t", "epsilon", "alpha", "h", "s") and w not in later | declared)
