"""The setting before kinds: functions, sizes, goals, what goes round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from whygrad.core.cost import Scope
from whygrad.core.expr import Call, Symbol
from whygrad.syntax.people import tree as t
from whygrad.syntax.people.counts import counted
from whygrad.syntax.people.dims import Dims, MisfitError, UnknownError
from whygrad.syntax.people.prepare import Prepared
from whygrad.syntax.people.resolve import Resolver, Val
from whygrad.syntax.people.scan import argument_like
from whygrad.syntax.people.scripts import Letters, name_parts, spell
from whygrad.syntax.people.setting import Kinds, Meant, Setting
from whygrad.syntax.people.tree import Tree


def setting_of(p: Prepared) -> Setting:
    """The setting without kinds."""
    letters, said, context = p.letters, p.said, p.context
    s = Setting(letters, p.style, choices=p.choices)
    s.meant = dict(context.meant)
    s.facts = list(context.facts)
    s.differentials = dict(context.differentials)
    s.alias = dict(p.alias)
    s.wrt = p.wrt
    s.operators = set(said.operators)
    if "D" in letters.uses and "D" not in s.meant and p.wrt and _begins_with_d(p) and "D" not in said.ranks:
        s.operators.add("D")
    s.values = {n for n in said.values if n not in s.meant}
    s.products = set(said.products)
    s.wrt = s.wrt or _unsaid_variable(p, s)
    s.equal_letters, s.unequal_letters = list(said.equal), list(said.unequal)
    s.row_gradient = said.row
    s.general = said.general
    for name, kinds in context.kinds.items():
        s.kinds[name] = kinds
    for name, rank in said.ranks.items():
        s.kinds.setdefault(name, Kinds(rank))
    for name, sizes in said.sizes.items():
        s.kinds.setdefault(name, Kinds(len(sizes), sizes))
    for name, domains in said.domains.items():
        for real in (name, p.alias.get(name, name)):
            old = s.kinds.get(real, Kinds())
            square = any(d.kind in ("symmetric", "spd") for d in domains)
            rank = old.rank if old.rank is not None or not square else 2
            s.kinds[real] = replace(old, domains=old.domains or domains, rank=rank)
    if any(isinstance(w, t.Name) and w.name == "pi" for w in _differentiated_by(p)):
        s.kinds.setdefault("pi", Kinds(0))  # a weight, no constant
    _builtins(s)
    _limits(p, s)
    s.called = _called(p, s)
    s.hidden = _hidden(p, s)
    s.numbered = _numbered(p, s)
    s.squares = _squares(p)
    s.goals = _goals(p, s)
    s.differentiated = _differentiated(p)
    _cycles(p, s)
    return s


def _unsaid_variable(p: Prepared, s: Setting) -> tuple[Tree, ...]:
    """What ``nabla f`` is by, where nothing says so: the argument of f, or the x of ``Ax - b``."""
    lines = [x.tree for x in p.parsed if x is not None]
    nabla = [n for x in lines for n in t.walk(x) if isinstance(n, t.Deriv) and not n.wrt and n.sign == "∇"]
    if not nabla:
        return ()
    bodies: list[Tree] = []
    for x in lines:
        for node in t.walk(x):
            if isinstance(node, t.Applied) and node.operator in nabla:
                bodies.append(node.operand)
            elif isinstance(node, t.Deriv) and node in nabla and node.body is not None:
                bodies.append(node.body)
    found: dict[str, Tree] = {}
    for body in bodies:
        inside = t.bare(body)
        if isinstance(inside, t.Product) and len(inside.factors) == 2:
            group = inside.factors[1][1]
            if isinstance(group, t.Group) and len(group.items) == 1 and isinstance(group.items[0], t.Name):
                return (group.items[0],)
        for name in t.names_in(inside):
            meant = s.meant.get(name)
            if meant is not None and len(meant.parameters) == 1:
                return meant.parameters
            found |= _multiplied(inside if meant is None else meant.body)
    return tuple(found.values()) if len(found) == 1 else ()


def _multiplied(tree: Tree) -> dict[str, Tree]:
    """Small letters that a capital one multiplies."""
    found: dict[str, Tree] = {}
    for node in t.walk(tree):
        if isinstance(node, t.Product):
            for (_, a), (op, b) in zip(node.factors, node.factors[1:], strict=False):
                if not (isinstance(a, t.Name) and isinstance(b, t.Name)) or op:
                    continue
                if a.name.isupper() and b.name[:1].islower():
                    found[b.name] = b
    return found


def _begins_with_d(p: Prepared) -> bool:
    """Whether line 0 is ``D(...)`` and the context has no D."""
    first = p.parsed[0].tree if p.parsed and p.parsed[0] is not None else None
    if not isinstance(first, t.Product) or any("D" in t.names_in(x) for x in p.context.trees):
        return False
    lead = first.factors[0][1]
    return isinstance(lead, t.Name) and lead.name == "D" and isinstance(first.factors[1][1], t.Group)


def _builtins(s: Setting) -> None:
    """Definitions that repeat what a known function is anyway."""
    for name in ("sigma", "softmax", "sigmoid", "log", "exp", "tanh", "relu"):
        meant = s.meant.get(name)
        if meant is None or not meant.parameters:
            continue
        if name in ("log", "exp", "tanh"):
            del s.meant[name]
        elif name == "softmax":
            del s.meant[name]
        elif name in ("sigma", "sigmoid") and _is_logistic(meant):
            del s.meant[name]


def _is_logistic(meant: Meant) -> bool:
    """Whether a definition is that of the logistic function."""
    if len(meant.parameters) != 1:
        return False
    setting = Setting(Letters())
    resolver = Resolver(setting)
    resolver.arguments = {spell(meant.parameters[0]): Val(Symbol("u"))}
    try:
        value = resolver.value(meant.body)
    except (MisfitError, UnknownError):
        return False
    from whygrad.meaning.equal import same_value  # noqa: PLC0415

    return same_value(value.expr, Call("sigmoid", (Symbol("u"),)), Scope(), sample=False).proved


def _limits(p: Prepared, s: Setting) -> None:
    """Upper limits name sizes."""
    resolver = Resolver(s)
    trees = [*p.context.trees, *(x.tree for x in p.parsed if x is not None)]
    for tree in trees:
        for node in t.walk(tree):
            if isinstance(node, t.Big):
                size = resolver.size_name(node.binder.high)
                if size and size not in s.meant:
                    s.sizes.add(size)
    uses = {n for n, use in p.letters.uses.items() if use.indexed or use.sups or use.transposed}
    variables = {n for w in p.wrt for n in t.names_in(w)}
    taken = uses | variables | set(s.meant) | set(s.kinds) | s.sizes | p.letters.bound | _dependent(p)
    s.counts = counted(trees, taken)
    for size in s.counts.values():
        s.dims.constants.add(size)
        s.sizes.add(size)
    for kinds in s.kinds.values():
        for size in kinds.sizes:
            if not size.isdecimal() and size[0] != "[":
                s.dims.constants.add(size)
                s.sizes.add(size)


def _dependent(p: Prepared) -> set[str]:
    """Names that are differentiated, or by which: no counts."""
    found: set[str] = set()
    for line in p.parsed:
        for node in t.walk(line.tree) if line is not None else ():
            if isinstance(node, t.Deriv):
                for x in (*node.wrt, *(() if node.body is None else (node.body,))):
                    found |= t.names_in(x) if isinstance(t.bare(x), t.Name | t.Script) else set()
    return found


def _called(p: Prepared, s: Setting) -> set[str]:
    """Undefined letters that are always followed by brackets that look like arguments."""
    found = set(p.said.called & set())
    for name, use in p.letters.uses.items():
        if name in s.meant or name in s.values or name in s.products or name in s.operators:
            continue
        if name in s.kinds and s.kinds[name].declared and use.argued_not:
            continue
        if use.called and not use.not_called and name not in ("e", "sigma", "delta", "ones"):
            found.add(name)
    return found


def _differentiated_by(p: Prepared) -> list[Tree]:
    """What stands below the derivatives of the lines, and the variable of the chain."""
    found = [t.bare(w) for w in p.wrt]
    for line in p.parsed:
        for node in t.walk(line.tree) if line is not None else ():
            if isinstance(node, t.Deriv):
                found += map(t.bare, node.wrt)
    return found


def _hidden(p: Prepared, s: Setting) -> set[str]:
    """Names in a sum without an index that are neither differentiated by nor parameters."""
    trees = [*(m.body for m in s.meant.values()), *(x.tree for x in p.parsed if x is not None)]
    found: set[str] = set()
    parameters = {n for w in p.wrt for n in t.names_in(w)}
    for meant in s.meant.values():
        parameters |= {spell(x) for x in meant.parameters}
        if meant.subs or meant.sups:  # a name without an index beside others with one has none
            parameters |= t.names_in(meant.body)
    parameters |= {"b", "w", "theta", "e", "pi", "delta", "epsilon", "lambda", "gamma", "tau"}
    for tree in trees:
        for node in t.walk(tree):
            if isinstance(node, t.Big) and not node.binder.letters and node.op in ("sum", "mean"):
                for name in t.names_in(node.body):
                    use = p.letters.uses.get(name)
                    indexed = use is not None and (use.indexed or use.sups)
                    if name not in parameters | s.sizes and name not in s.meant and not indexed:
                        found.add(name)
    declared = {n for n, k in s.kinds.items() if k.declared and (k.rank == 0 or k.kind != "data")}
    return found - s.called - declared


def _numbered(p: Prepared, s: Setting) -> dict[str, tuple[int, int]]:
    """Names whose entries are numbered and that are used with a letter, too: entries of a short array."""
    found: dict[str, tuple[int, int]] = {}
    bound = p.letters.bound
    for name, use in p.letters.uses.items():
        if not use.numbers or name in s.meant or use.slots != 1 or use.sups:
            continue
        if use.letters & bound or len(use.numbers) < 2:
            continue
        first = min(use.numbers)
        if first in (0, 1) and use.numbers == set(range(first, first + len(use.numbers))):
            found[name] = first, len(use.numbers)
    return found


def _goals(p: Prepared, s: Setting) -> dict[str, tuple[str, ...]]:
    """Undefined names whose derivatives stand in lines beyond line 0, and by what."""
    found: dict[str, set[str]] = {}
    first: dict[str, set[int]] = {}
    changes: set[str] = set()
    for k, line in enumerate(p.parsed):
        for node in t.walk(line.tree) if line is not None else ():
            body: Tree | None = None
            wrt: tuple[Tree, ...] = ()
            if isinstance(node, t.Deriv) and node.body is not None:
                body, wrt = t.bare(node.body), node.wrt
            elif isinstance(node, t.Applied):
                body, wrt = t.bare(node.operand), node.operator.wrt
            elif isinstance(node, t.Differential):
                inside = t.bare(node.body)
                parts = name_parts(inside, p.letters) if isinstance(inside, t.Name | t.Script) else None
                if parts is not None:
                    changes.add(parts.name)
            if body is None:
                continue
            if isinstance(body, t.Product):
                second = body.factors[1][1]
                called = len(body.factors) == 2 and isinstance(second, t.Group) and argument_like(second)
                body = body.factors[0][1] if called else body
            parts = name_parts(body, p.letters) if isinstance(body, t.Name | t.Script) else None
            if parts is None or s.real(parts.name) in s.meant or parts.name in s.called:
                continue
            if parts.subs or parts.sups or parts.name in ("sigma", "softmax"):
                continue
            if _ingredient(parts.name, wrt or p.wrt[:1], s):
                continue
            for variable in wrt or p.wrt[:1]:
                inside = t.bare(variable)
                by = name_parts(inside, p.letters) if isinstance(inside, t.Name | t.Script) else None
                if by is not None and by.name != parts.name:
                    found.setdefault(parts.name, set()).add(s.real(by.name))
                    first.setdefault(parts.name, set()).add(k)
    kept = {n: tuple(sorted(v)) for n, v in found.items() if first[n] != {0}}
    if changes:
        kept["d"] = tuple(sorted(changes))
    return kept


def _ingredient(name: str, wrt: tuple[Tree, ...], s: Setting) -> bool:
    """Whether a definition is made of a name and of what it is differentiated by: then both are free."""
    by = {s.real(n) for w in wrt for n in t.names_in(w)}
    for meant in s.meant.values():
        inside = _made_of(meant.name, s)
        if name in inside and by & inside:
            return True
    return False


def _made_of(name: str, s: Setting) -> set[str]:
    """The names in a definition, and in those that it uses."""
    seen: set[str] = set()
    stack = [name]
    while stack:
        one = stack.pop()
        if one not in seen:
            seen.add(one)
            if one in s.meant:
                stack += (s.real(n) for n in t.names_in(s.meant[one].body))
    return seen - {name}


def _squares(p: Prepared) -> set[str]:
    """Names whose square is differentiated by: ``d/d sigma^2``."""
    found: set[str] = set()
    wrt = list(p.wrt)
    for line in p.parsed:
        for node in t.walk(line.tree) if line is not None else ():
            if isinstance(node, t.Deriv):
                wrt += node.wrt
    for w in wrt:
        match t.bare(w):
            case t.Script(t.Name(name), _, t.Num(value), 0) if value == 2:
                found.add(name)
            case _:
                pass
    return found


def _differentiated(p: Prepared) -> set[str]:
    """Names that are differentiated somewhere: a number, most likely."""
    found: set[str] = set()
    for line in p.parsed:
        for node in t.walk(line.tree) if line is not None else ():
            body = (
                node.body
                if isinstance(node, t.Deriv)
                else node.operand
                if isinstance(node, t.Applied)
                else None
            )
            inside = None if body is None else t.bare(body)
            if (
                isinstance(inside, t.Product)
                and len(inside.factors) == 2
                and isinstance(inside.factors[1][1], t.Group)
            ):
                inside = inside.factors[0][1]
            if isinstance(inside, t.Name):
                found.add(inside.name)
    return found


def _cycles(p: Prepared, s: Setting) -> None:
    """Definitions that go round: the one of what is differentiated by is dropped."""
    for w in p.wrt:
        for name in t.names_in(w):
            if name in s.meant and _reaches(name, name, s):
                s.recursive[name] = s.meant.pop(name)
                s.say(f"the definition of {name}", "left out, it goes round")
    for name in list(s.meant):
        if name in s.meant and _reaches(name, name, s):
            s.recursive[name] = s.meant.pop(name)


def _reaches(start: str, goal: str, s: Setting) -> bool:
    seen: set[str] = set()
    stack = list(t.names_in(s.meant[start].body))
    own = {spell(x) for x in s.meant[start].parameters}
    while stack:
        name = s.real(stack.pop())
        if name in own and name != goal:
            continue
        if name == goal and goal not in own:
            return True
        if name not in seen and name in s.meant:
            seen.add(name)
            stack += t.names_in(s.meant[name].body)
    return False


def with_kinds(base: Setting, ranks: Mapping[str, int], dims: Dims | None = None) -> Setting:
    """The setting with kinds, its dimensions unjoined (or those given)."""
    new = Dims()
    new.constants = set(base.dims.constants)
    return replace(base, ranks=dict(ranks), dims=dims or new, readings=dict(base.readings))
