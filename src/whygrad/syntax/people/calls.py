"""Functions and definitions of the writer, and letters before brackets."""

from __future__ import annotations

from typing import Final

from whygrad.core.errors import Span
from whygrad.core.expr import (
    Apply,
    Call,
    Expr,
    Index,
    Number,
    Pow,
    Reduce,
    Symbol,
    add,
    mul,
    terms_of,
)
from whygrad.core.walk import free_indices, paths, substitute
from whygrad.syntax.people import tree as t
from whygrad.syntax.people.base import Val
from whygrad.syntax.people.dims import MisfitError, UnknownError
from whygrad.syntax.people.known import Known
from whygrad.syntax.people.scripts import Parts, name_parts, spell
from whygrad.syntax.people.setting import Meant
from whygrad.syntax.people.tree import Tree

MOST_CALLS: Final = 6
"""Most functions of the writer inside one another: what is put in place doubles with each."""


class Calls(Known):
    """What a definition or a function of the writer gives at its arguments."""

    def meaning(self, name: str, found: Parts, span: Span) -> Val:
        """A defined name at its positions."""
        meant = self.s.meant[name]
        _expr, own, left = self.definition(meant)
        given = (*found.sups, *found.subs)
        if not own:
            if not given:
                return Val(Symbol(name), left)
            at = self.at(given, left, name, span)
            return Val(Symbol(name, at), left[len(at) :])
        dims = tuple(i.dim for i in own) + left
        if not given and not (meant.sups or meant.subs or meant.parameters):
            at = [self.letter(i.letter, i.dim, span) for i in own]  # its index is not shown
            return Val(Symbol(name, at), left)
        if not given:
            hidden = self.example(name, own[0].dim, span) if meant.sups else None
            if hidden is not None and len(own) == 1:
                return Val(Symbol(name, (hidden,)), left)
            return Val(Symbol(name), dims)
        at = self.at(given, dims, name, span)
        return Val(Symbol(name, at), dims[len(at) :])

    def definition(self, meant: Meant) -> tuple[Expr, tuple[Index, ...], tuple[str, ...]]:
        """The body of a definition with its own indices and the dimensions that are left."""
        found = self.defined.get(meant.name)
        if found is not None:
            return found
        if meant.name in self.open:
            raise UnknownError(f"{meant.name} is defined through itself", meant.body.span)
        self.open.add(meant.name)
        held = self.bound, self.arguments, self.positions_of, self.free
        tag, self.tag = self.tag, meant.name
        fixed = self.fixed
        self.bound, self.arguments, self.positions_of, self.free = {}, {}, {}, set()
        own: list[Index] = []
        for item in (*meant.sups, *meant.subs):
            inside = t.bare(item)
            letter = inside.name if isinstance(inside, t.Name) else spell(inside)
            own.append(Index(letter, self.ring(letter)))
            self.fixed = self.fixed | {letter}
        for parameter in meant.parameters:
            inside = name_parts(parameter, self.s.letters) if isinstance(parameter, t.Script) else None
            for item in inside.subs if inside is not None else ():
                letter = spell(t.bare(item))
                if not letter.isdigit():
                    own.append(Index(letter, self.ring(letter)))
        value = self.contracted(self.value(meant.body), own, meant)
        own += self.implied(value, own)
        indices = tuple(Index(i.letter, self.s.dims.find(i.dim)) for i in own)
        self.bound, self.arguments, self.positions_of, self.free = held
        self.tag = tag
        self.fixed = fixed
        self.open.discard(meant.name)
        self.defined[meant.name] = value.expr, indices, value.dims
        return self.defined[meant.name]

    def implied(self, value: Val, own: list[Index]) -> list[Index]:
        """``u = H(x^i) - y^i`` is a value for each example, though u shows no index."""
        letters = self.s.letters
        extra = sorted(free_indices(value.expr) - set(own), key=lambda i: i.letter)
        mine = {i.letter for i in own}
        found = [i for i in extra if i.letter in letters.bound | letters.examples and i.letter not in mine]
        return [] if own or value.dims or len(found) != 1 else found

    def contracted(self, value: Val, own: list[Index], meant: Meant) -> Val:
        """``y_i = A_ij x_j``: a letter that stands twice on the right and not on the left is summed."""
        mine = {i.letter for i in own} | self.fixed
        found = value.expr
        for index in sorted(free_indices(found), key=lambda i: i.letter):
            twice = all(_count_of(index, term) >= 2 for term in terms_of(found))
            if index.letter not in mine and twice and own:
                self.s.say(f"{index.letter} twice in {meant.name}", "a sum over it", meant.body.span)
                found = Reduce("sum", Index(index.letter, self.s.dims.find(index.dim)), found)
        return value._replace(expr=found)

    def group(self, tree: t.Group) -> Val:
        """Brackets around one thing."""
        if len(tree.items) == 1:
            return self.value(tree.items[0])
        raise UnknownError("a list stands where a value should", tree.span)

    def call_of(self, tree: Tree, after: Tree) -> Val | None:
        """``f(x)``, or None where a name before a bracket is a factor."""
        found = name_parts(tree, self.s.letters) if isinstance(tree, t.Name | t.Script) else None
        group = after
        scripts: t.Script | None = None
        if isinstance(after, t.Script) and isinstance(t.unbraced(after.base), t.Group):
            scripts, group = after, t.unbraced(after.base)
        if found is None or not isinstance(group, t.Group) or group.bracket == "{":
            return None
        value = self.called(found, group, tree)
        if value is None or scripts is None:
            return value
        if scripts.sub is not None:
            value = self.indexed(value, scripts.sub, scripts.span)
        if scripts.sup is not None:
            value = self.raise_to(value, scripts.sup, scripts.span)
        return value

    def called(self, found: Parts, group: t.Group, tree: Tree) -> Val | None:
        """A name before brackets, if it is a function."""
        self.calls += 1
        try:
            if self.calls > MOST_CALLS:
                raise UnknownError("functions stand inside one another too deep", tree.span)
            return self.call(found, group, tree)
        finally:
            self.calls -= 1

    def call(self, found: Parts, group: t.Group, tree: Tree) -> Val | None:
        """The value of a function of the writer, or None where a name before brackets is a factor."""
        name = found.name
        span = Span(tree.span.start, group.span.end)
        items = tuple(_argument(x) for x in group.items if not isinstance(x, t.Words))
        if name in self.s.products:
            return None
        if name in self.s.operators and len(items) == 1 and not found.subs and name not in self.s.meant:
            return self.differentiate(self.value(items[0]), self.s.wrt[:1], span)
        meant = self.s.meant.get(name)
        if name in self.s.values:
            return self.placed(name, found._replace(subs=()), span)
        if meant is not None and meant.parameters:
            value = self.apply(meant, found, items, span)
        elif meant is not None:
            return self.of_name(found, items, tree, span)
        elif name in ("sigma", "S_cal") and name not in self.s.kinds:
            value = self.builtin("sigmoid", items, found.primes, span)
        elif name in ("delta", "I_bb", "1_bb") and len(items) == 2:
            return self.delta_of(items, span)
        elif name == "ones":
            return self.indicator(group.items, span)
        elif name in self.s.called:
            value = self.unknown_function(found, items, span)
        else:
            return None
        if found.power is not None:
            value = self.raise_to(value, found.power, span)
        return self.transpose(value, span) if found.transposed else value

    def of_name(self, found: Parts, items: tuple[Tree, ...], tree: Tree, span: Span) -> Val | None:
        """A defined name with brackets after it: what it depends on, or a factor."""
        meant = self.s.meant[found.name]
        depends = all(isinstance(t.bare(x), t.Name | t.Script) for x in items)
        if depends and found.name not in self.s.products:
            inside = _names(meant.body)
            args = [name_parts(x, self.s.letters) for x in items if isinstance(x, t.Name | t.Script)]
            labelled = [a for a in args if a is not None and a.sups]
            if labelled and not found.sups:
                return self.substituted(meant, found, labelled, span)
            reached = {a.name for a in args if a is not None}
            if reached & inside or len(items) > 1 or self._through(reached, meant):
                value = self.meaning(self.s.real(found.name), found, span)
                return self.finish(value, found, tree)
        return None

    def _through(self, names: set[str], meant: Meant) -> bool:
        """Whether a definition uses a name, through others."""
        seen: set[str] = set()
        stack = list(_names(meant.body))
        while stack:
            name = stack.pop()
            if name in names:
                return True
            if name not in seen and name in self.s.meant:
                seen.add(name)
                stack += _names(self.s.meant[name].body)
        return False

    def substituted(self, meant: Meant, found: Parts, labelled: list[Parts], span: Span) -> Val:
        """``H(x^i)`` where ``H = a + b x``: its body with that example."""
        held = self.arguments
        self.arguments = dict(held)
        for part in labelled:
            at = self.placed(part.name, part, span)
            self.arguments[part.name] = at
        value = self.value(meant.body)
        self.arguments = held
        return value

    def apply(self, meant: Meant, found: Parts, items: tuple[Tree, ...], span: Span) -> Val:
        """A function the person defined, at its arguments."""
        parameters = meant.parameters
        own = tuple(spell(p) for p in parameters)
        same = [spell(x) for x in items]
        if found.primes:
            return self.apply_primed(meant, found, items, span)
        if set(same) <= set(own) or (len(items) == len(own) and same == list(own)):
            if any(isinstance(p, t.Script) and name_parts(p, self.s.letters) for p in parameters):
                parts = [name_parts(p, self.s.letters) for p in parameters if isinstance(p, t.Script)]
                if any(p is not None and p.subs for p in parts):
                    return self.at_pattern(meant, items, span)
            if not any(spell(x) in self.arguments for x in items):
                return self.meaning(meant.name, found._replace(primes=0, power=None, transposed=False), span)
        if len(items) != len(own):
            names = [x for x in items if isinstance(t.bare(x), t.Name)]
            if len(names) == len(items) and not any(spell(x) in self.arguments for x in items):
                return self.meaning(meant.name, found._replace(primes=0, power=None, transposed=False), span)
            if len(items) > len(own):
                raise UnknownError(f"{meant.name} takes {len(own)} arguments", span)
        if any(isinstance(p, t.Script) for p in parameters):
            return self.at_pattern(meant, items, span)
        return self.inlined(meant, items, span)

    def at_pattern(self, meant: Meant, items: tuple[Tree, ...], span: Span) -> Val:
        """``phi(z_i) = ...`` at ``z_j``: the letters of the pattern get their positions."""
        at: list[Expr] = []
        for parameter, item in zip(meant.parameters, items, strict=False):
            a = name_parts(parameter, self.s.letters) if isinstance(parameter, t.Name | t.Script) else None
            b = name_parts(item, self.s.letters) if isinstance(item, t.Name | t.Script) else None
            if a is None or not (a.subs or a.sups):
                continue
            if b is None or b.name != a.name or len(b.subs) != len(a.subs):
                if len(meant.parameters) == 1 and b is not None and b.name == a.name and not b.subs:
                    return self.meaning(meant.name, Parts(meant.name, (), (), None, False, 0), span)
                raise UnknownError(f"{meant.name} is defined of {spell(parameter)} only", span)
            _, own, _ = self.definition(meant)
            dims = [i.dim for i in own[len(at) :]]
            at += [self.position(x, d) for x, d in zip(b.subs, dims, strict=False)]
        _, own, left = self.definition(meant)
        return Val(Symbol(meant.name, at), left)

    def inlined(self, meant: Meant, items: tuple[Tree, ...], span: Span) -> Val:
        """The body of a function with its arguments in place, or a call of it where all is scalar."""
        values = [self.value(x) for x in items]
        if all(not v.dims for v in values) and len(values) == len(meant.parameters):
            found = self.scalar_function(meant, span)
            if found is not None:
                return Val(Call(meant.name, tuple(v.expr for v in values)))
        if len(self.open) > 40 or meant.name in self.open:
            raise UnknownError(f"{meant.name} is defined through itself", span)
        held = self.arguments
        self.open.add(meant.name)
        self.arguments = {**held, **{spell(p): v for p, v in zip(meant.parameters, values, strict=False)}}
        try:
            return self.value(meant.body)
        finally:
            self.arguments = held
            self.open.discard(meant.name)

    def scalar_function(self, meant: Meant, span: Span) -> Expr | None:
        """The body of a function of numbers as a function of its parameters; None if it is none."""
        if meant.name in self.functions:
            return self.functions[meant.name][1]
        names = tuple(spell(p) for p in meant.parameters)
        held = self.arguments, self.bound, self.positions_of, self.free
        self.arguments = {n: Val(Symbol(f"{n}·")) for n in names}
        self.bound, self.positions_of, self.free = {}, {}, set()
        self.open.add(meant.name)
        try:
            value = self.value(meant.body)
        except (MisfitError, UnknownError):
            value = None
        finally:
            free = self.free
            self.arguments, self.bound, self.positions_of, self.free = held
            self.open.discard(meant.name)
        if value is None or value.dims or free:
            return None
        self.functions[meant.name] = tuple(f"{n}·" for n in names), value.expr
        return value.expr

    def apply_primed(self, meant: Meant, found: Parts, items: tuple[Tree, ...], span: Span) -> Val:
        """``f'(u)``: the derivative of f by its argument, at u."""
        if len(meant.parameters) == 1 and len(items) == 1:
            body = self.scalar_function(meant, span)
            argument = self.value(items[0])
            if body is not None:
                mark = Symbol(f"{spell(meant.parameters[0])}·")
                return self.mapped(self.derivatives(body, mark, found.primes, span), mark, argument)
            same = spell(items[0]) == spell(meant.parameters[0])
            if same:
                value = self.meaning(meant.name, found._replace(primes=0, power=None, transposed=False), span)
                for _ in range(found.primes):
                    value = self.differentiate(value, (items[0],), span)
                return value
        raise UnknownError(f"the prime of {meant.name} is not understood", span)

    def unknown_function(self, found: Parts, items: tuple[Tree, ...], span: Span) -> Val:
        """A function of which nothing is known: a general smooth one of its arguments.

        It is c0 + c1 u + ... + c5 u^5 of a general linear form u of the arguments, exponentiated where
        it must be positive; what holds for all coefficients is what can be judged.
        """
        name = found.name
        values = [self.value(x) for x in items]
        self.opaque.add(name)
        form: list[Expr] = []
        for k, v in enumerate(values):
            form.append(self.linear_form(f"{name}·{k}", v))
        mark = Symbol(f"{name}·")
        terms = [mul(Symbol(f"{name}·c{n}"), *([Pow(mark, Number(n))] if n else [])) for n in range(6)]
        body: Expr = add(*terms)
        if name in self.positive_functions():
            body = Call("exp", (body,))
        body = self.derivatives(body, mark, found.primes, span)
        if len(values) == 1 and not values[0].dims:
            return Val(substitute(body, {mark: values[0].expr}))
        return Val(substitute(body, {mark: add(*form)}))

    def positive_functions(self) -> frozenset[str]:
        """Densities and probabilities."""
        return frozenset(("P", "p", "N_cal", "P_cal", "P_bb", "q", "N"))

    def linear_form(self, name: str, v: Val) -> Expr:
        """A general linear form of a value of any shape."""
        if not v.dims:
            return mul(Symbol(name), v.expr)
        weights = tuple(f"{name}.{k}" for k in range(v.rank))
        for a, b in zip(weights, v.dims, strict=True):
            self.s.dims.join(a, b)
        self.used[name] = weights
        return Apply("dot", (Symbol(name), v.expr if not v.row else Apply("transpose", (v.expr,))))

    def indicator(self, items: tuple[Tree, ...], span: Span) -> Val:
        """``1(i = j)``."""
        inside = t.bare(items[0]) if len(items) == 1 else None
        if not isinstance(inside, t.Relation):
            raise UnknownError("an indicator takes a condition", span)
        return self.condition_value(inside)


def _argument(item: Tree) -> Tree:
    """An argument: of ``y = j`` the left side counts."""
    return item.operands[0] if isinstance(item, t.Relation) else item


def _names(tree: Tree) -> frozenset[str]:
    return t.names_in(tree)


def _count_of(index: Index, e: Expr) -> int:
    """How many names of a product carry an index."""
    return sum(index in node.indices for _, node in paths(e) if isinstance(node, Symbol))
