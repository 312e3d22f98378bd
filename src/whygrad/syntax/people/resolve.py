"""Tree to expression under one setting: every part gets its value and its shape.

Numbers, vectors and matrices stand side by side; a vector is a column unless it was transposed. Index
letters are positions, a bound letter and a free one of the same name run over one dimension. What the
text leaves out (a dropped index, a dot between two columns) is put in as people mean it and said.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Final, NamedTuple, assert_never

from whygrad.core.cost import Scope
from whygrad.core.errors import Span, WhygradError
from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    TWO,
    Apply,
    Call,
    Cases,
    Compare,
    Constant,
    Delta,
    Expr,
    Index,
    Number,
    Partial,
    Pow,
    Reduce,
    Size,
    Symbol,
    add,
    inverse,
    mul,
    neg,
    terms_of,
)
from whygrad.core.walk import free_indices, paths, postorder, substitute
from whygrad.meaning.differentiate import derivative
from whygrad.syntax.people import tree as t
from whygrad.syntax.people.dims import Misfit, Unknown, kind_of
from whygrad.syntax.people.scan import Parts, argument_like, name_parts, positions, spell
from whygrad.syntax.people.setting import Meant, Setting
from whygrad.syntax.people.tree import Tree
from whygrad.syntax.people.vocabulary import ENTRYWISE

LIMIT: Final = 20_000
"""Most parts resolved for one line."""


class Val(NamedTuple):
    """A value: expression, dimensions, and whether a vector lies down."""

    expr: Expr
    dims: tuple[str, ...] = ()
    row: bool = False

    @property
    def rank(self) -> int:
        """Number of dimensions."""
        return len(self.dims)


class Resolver:
    """Resolves trees; ``env`` holds the bound letters and the arguments of a function."""

    def __init__(self, setting: Setting) -> None:
        self.s = setting
        self.bound: dict[str, Index] = {}
        self.arguments: dict[str, Val] = {}
        self.positions_of: dict[str, Expr] = {}
        self.defined: dict[str, tuple[Expr, tuple[Index, ...], tuple[str, ...]]] = {}
        self.functions: dict[str, tuple[tuple[str, ...], Expr]] = {}
        self.open: set[str] = set()
        self.used: dict[str, tuple[str, ...]] = {}
        """Dimensions of every undefined name that was met."""
        self.opaque: set[str] = set()
        """Functions of which nothing is known that were given a general form."""
        self.count = 0
        self.spans: dict[Expr, Span] = {}
        """Where the parts of the line in hand stand."""
        self.fixed: set[str] = set()
        """Letters that line 0 leaves free."""
        self.tag = ""
        """Where a name without dimensions of its own stands: a line or a definition."""
        self.strain = 0.0
        """How much had to be read into shapes, for comparing kinds."""
        self.free: set[str] = set()

    # --- dispatch --------------------------------------------------------------------------------

    def value(self, tree: Tree) -> Val:
        """The value of a part."""
        found = self.of_tree(tree)
        self.spans.setdefault(found.expr, tree.span)
        return found

    def of_tree(self, tree: Tree) -> Val:
        """The value of a part, by what it is."""
        self.count += 1
        if self.count > LIMIT:
            raise Unknown("the text is too long to be worked out", tree.span)
        match tree:
            case t.Num(value, decimal):
                return Val(Number(value, decimal))
            case t.Name() | t.Script():
                return self.scripted(tree)
            case t.Group():
                return self.group(tree)
            case t.Sum():
                return self.sum(tree)
            case t.Product():
                return self.product(tree)
            case t.Fraction_(top, bottom, span):
                return self.quotient(self.value(top), self.value(bottom), span)
            case t.Root(body, degree, span):
                return self.power(self.value(body), self._root(degree), span)
            case t.Func():
                return self.function(tree)
            case t.Big():
                return self.big(tree)
            case t.Deriv():
                return self.derivative(tree)
            case t.Applied(operator, operand):
                return self.derivative(replace(operator, body=operand, span=tree.span))
            case t.Differential():
                return self.differential(tree)
            case t.Bars():
                return self.bars(tree)
            case t.Inner(left, right, span):
                return self.inner(self.value(left), self.value(right), span)
            case t.Relation():
                return Val(self.condition(tree))
            case t.Branches():
                return self.branches(tree)
            case t.Words():
                raise Unknown(f"the words '{tree.text[:30]}' stand in the formula", tree.span)
            case _:
                assert_never(tree)

    def _root(self, degree: Tree | None) -> Val:
        if degree is None:
            return Val(Number(Fraction(1, 2)))
        return Val(inverse(self.value(degree).expr))

    def number(self, tree: Tree) -> Expr:
        """The value of a part that must be one number."""
        found = self.value(tree)
        if found.dims:
            raise Misfit(f"{kind_of(found.dims)} stands where a number should", tree.span)
        return found.expr

    # --- names -----------------------------------------------------------------------------------

    def scripted(self, tree: t.Name | t.Script) -> Val:
        """A name, or anything else with scripts."""
        found = name_parts(tree, self.s.letters)
        if found is None:
            return self.raised(tree)
        return self.finish(self.name(found, tree), found, tree)

    def finish(self, value: Val, found: Parts, tree: Tree) -> Val:
        """Primes, powers and transposes of a name."""
        if found.primes:
            value = self.primed(found, value, tree.span)
        if found.inverse:
            value = self.power(value, Val(MINUS_ONE), tree.span)
        if found.transposed:
            value = self.transpose(value, tree.span)
        if found.power is not None:
            power = t.bare(found.power)
            if found.name in self.s.squares and isinstance(power, t.Num) and isinstance(value.expr, Pow):
                return Val(_half_power(value.expr.base, power.value))
            value = self.raise_to(value, found.power, tree.span)
        return value

    def primed(self, found: Parts, value: Val, span: Span) -> Val:
        """``J'``: the derivative by what the chain differentiates by."""
        if found.name not in self.s.meant or not self.s.wrt:
            raise Unknown(f"nothing says what the prime of {found.name} means", span)
        for _ in range(found.primes):
            value = self.differentiate(value, self.s.wrt[:1], span)
        return value

    def raised(self, tree: t.Name | t.Script) -> Val:
        """Scripts on brackets, fractions and functions."""
        if not isinstance(tree, t.Script):
            raise Unknown("this cannot be read", tree.span)
        base = t.unbraced(tree.base)
        if isinstance(base, t.Product) and base.factors and tree.sub is None:
            value = self.value(base)
        elif isinstance(base, t.Script | t.Name) and name_parts(base, self.s.letters) is not None:
            value = self.scripted(base)
        else:
            value = self.value(base)
        if tree.sub is not None:
            value = self.indexed(value, tree.sub, tree.span)
        if tree.primes % 2 and (self.s.letters.primes == "transpose" or value.rank):
            value = self.transpose(value, tree.span)
        elif tree.primes:
            for _ in range(tree.primes):
                value = self.differentiate(value, self.s.wrt[:1], tree.span)
        if tree.sup is not None:
            value = self.raise_to(value, tree.sup, tree.span)
        return value

    def indexed(self, value: Val, sub: Tree, span: Span) -> Val:
        """Entries of an array in brackets: ``[Xw]_i``."""
        found, label = positions(sub, self.s.letters)
        if label or not found:
            return value
        if len(found) > value.rank:
            if value.rank == 0:
                raise Misfit("a number has no entries", span)
            raise Misfit(f"{kind_of(value.dims)} has no {len(found)} indices", span)
        at = [self.position(x, d) for x, d in zip(found, value.dims, strict=False)]
        return Val(self.entry(value.expr, at), value.dims[len(at) :])

    def entry(self, e: Expr, at: list[Expr]) -> Expr:
        """The entry of an array at positions."""
        from whygrad.core.expr import Entry  # noqa: PLC0415

        if isinstance(e, Symbol):
            return Symbol(e.name, (*e.indices, *at))
        return Entry(e, at)

    def raise_to(self, value: Val, sup: Tree, span: Span) -> Val:
        """A superscript: transpose, inverse or power."""
        inside = t.unbraced(sup)
        match inside:
            case t.Name("⊤" | "T" | "t") if inside.name == "⊤" or inside.name not in self.s.letters.variables:
                return self.transpose(value, span)
            case t.Sum(((-1, t.Name("⊤" | "T")),)):
                return self.transpose(self.power(value, Val(MINUS_ONE), span), span)
            case t.Name("*" | "+"):
                return value
            case _:
                return self.power(value, self.value(inside), span)

    def name(self, found: Parts, tree: Tree) -> Val:
        """What a name is, at its positions."""
        name, span = found.name, tree.span
        if not found.sups and not found.subs:
            special = self.special(name, span)
            if special is not None:
                return special
        if name in self.arguments and not found.sups:
            value = self.arguments[name]
            if found.subs:
                at = self.at(found.subs, value.dims, name, span)
                return Val(self.entry(value.expr, at), value.dims[len(at) :])
            return value
        name = self.s.real(name)
        if name in self.s.values:
            return self.placed(name, found, span)
        if name in self.s.meant and name not in self.open:
            return self.meaning(name, found, span)
        return self.placed(name, found, span)

    def special(self, name: str, span: Span) -> Val | None:
        """Constants, sizes, index letters as numbers, fixed arrays."""
        known = name in self.arguments or name in self.s.meant or name in self.s.kinds
        if name in self.bound and name not in self.s.letters.variables:
            if not (name in self.s.sizes and self.s.letters.uses.get(name) is None):
                return Val(self.bound[name])
        if known:
            return None
        if name in self.s.sizes:
            return Val(Size(self.s.dims.find(name)))
        if name == "e":
            return Val(Constant("e"))
        if name == "pi" and not self.s.letters.uses.get("pi", _NO_USE).slots:
            return Val(Constant("pi"))
        if name in ("I", "I_bb") and self.s.letters.matrix_text:
            dim = f"I#{self.tag}.{span.start}"
            return Val(Apply("identity", (Size(self.s.dims.find(dim)),)), (dim, dim))
        if name.endswith("_bar"):
            mean = self.mean_of(name.removesuffix("_bar"), span)
            if mean is not None:
                return mean
        if name == "ones":
            dim = f"ones#{self.tag}.{span.start}"
            return Val(Apply("ones", (Size(self.s.dims.find(dim)),)), (dim,))
        if name == "infty":
            raise Unknown("infinity is not a value", span)
        return None

    def mean_of(self, name: str, span: Span) -> Val | None:
        """A bar over a name with examples: their mean, unless the text defines it."""
        use = self.s.letters.uses.get(name)
        if use is None or name in self.s.meant or (use.slots, use.sups) not in ((1, 0), (0, 1)) or use.bare:
            return None
        dims = self.dims_of(name, use.sups, use.slots)
        self.s.say(f"{name} with a bar", f"the mean of {name}", span)
        index = Index(f"{name}~", self.s.dims.find(dims[0]))
        total = Reduce("sum", index, Symbol(name, (index,)))
        return Val(mul(inverse(Size(index.dim)), total), dims[1:])

    def placed(self, name: str, found: Parts, span: Span) -> Val:
        """An undefined name: its symbol with its positions."""
        use = self.s.letters.uses.get(name, _NO_USE)
        if name == "delta" and len(found.subs) == 2 and not found.sups:
            return self.delta_of(found.subs, span)
        shown = self.numbered(name, found)
        if shown is not None:
            return shown
        subs = found.subs
        first = tuple(t.bare(x) for x in subs)
        if subs and all(isinstance(x, t.Num) for x in first) and name not in self.s.numbered:
            whole = "_".join((name, *(spell(x) for x in first)))
            if not (use.subs - {0}) or 0 in use.numbers:
                return self.symbol(whole, found.sups, (), 1 if found.sups else 0, 0, span)
        if name in self.s.squares and not subs and not found.sups:
            self.dims_of(f"{name}2", 0, 0)
            return Val(Pow(Symbol(f"{name}2"), Number(Fraction(1, 2))))
        sups = max(use.sups, len(found.sups), int(name in self.s.hidden))
        if found.name == name and name in self.s.alias.values() and not found.sups and not subs:
            return Val(Symbol(name), self.dims_of(name, sups, use.slots))  # the whole array
        return self.symbol(name, found.sups, subs, sups, max(use.slots, len(subs)), span)

    def numbered(self, name: str, found: Parts) -> Val | None:
        """``theta_0`` as an entry of theta."""
        first = self.s.numbered.get(name)
        if first is None or len(found.subs) != 1:
            return None
        at = t.bare(found.subs[0])
        if not isinstance(at, t.Num):
            return None
        dim = self.dims_of(name, 0, 1)[0]
        return Val(Symbol(name, (Number(at.value - first[0] + 1),))) if dim else None

    def dims_of(self, name: str, sups: int, subs: int) -> tuple[str, ...]:
        """The dimensions of an undefined name: examples, subscripts, then what is left."""
        if name not in self.used:
            said = self.s.kinds.get(name)
            left = self.s.ranks.get(name, self.s.ranks.get(name.split("_")[0], 0))
            count = sups + subs + left
            dims = tuple(f"{name}.{k}" for k in range(count))
            if said is not None and len(said.sizes) == count:
                for dim, size in zip(dims, said.sizes, strict=True):
                    self.s.dims.join(dim, size)
            if name in self.s.numbered:
                self.s.dims.join(dims[0], str(self.s.numbered[name][1]))
            self.used[name] = dims
        return self.used[name]

    def symbol(
        self,
        name: str,
        at_sups: tuple[Tree, ...],
        at_subs: tuple[Tree, ...],
        sups: int,
        subs: int,
        span: Span,
    ) -> Val:
        """A symbol with the positions that are written and those that were dropped."""
        dims = self.dims_of(name, sups, subs)
        if len(at_subs) > len(dims) - sups:
            raise Misfit(f"{name} has no {len(at_subs)} indices", span)
        if sups and not at_sups:
            hidden = self.example(name, dims[0], span)
            if hidden is not None:
                at = [hidden]
            elif at_subs:
                raise Unknown(f"nothing says for which example {name} stands", span)
            else:
                return Val(Symbol(name), dims)
        else:
            at = [self.position(x, d) for x, d in zip(at_sups, dims, strict=False)]
        at += self.at(at_subs, dims[len(at) :], name, span)
        return Val(Symbol(name, at), dims[len(at) :])

    def example(self, name: str, dim: str, span: Span) -> Expr | None:
        """The example a name without its index belongs to: the sum's around it, else any."""
        if name in self.s.hidden:
            if "s*" in self.bound:
                return self.bound["s*"]
            self.free.add("s*")
            self.s.dims.join(dim, "@s*")
            return Index("s", self.s.dims.find(dim))
        for letter, index in reversed(self.bound.items()):
            if letter in self.s.letters.examples or letter in self.s.letters.bound:
                self.s.dims.join(dim, index.dim)
                self.s.say(f"{name} inside the sum", f"{name} of example {letter}", span)
                return Index(index.letter, self.s.dims.find(index.dim))
        return None

    def at(self, items: tuple[Tree, ...], dims: tuple[str, ...], name: str, span: Span) -> list[Expr]:
        """Positions of subscripts."""
        if len(items) > len(dims):
            raise Misfit(f"{name} has {len(dims)} indices and is used with {len(items)}", span)
        return [self.position(x, d) for x, d in zip(items, dims, strict=False)]

    def position(self, item: Tree, dim: str) -> Expr:
        """An index position on a dimension."""
        inside = t.bare(item)
        match inside:
            case t.Num(value):
                return Number(max(value, Fraction(1)))
            case t.Name(letter):
                return self.letter(letter, dim, item.span)
            case t.Script(t.Name(letter), None, None, primes):
                return self.letter(letter + "'" * primes, dim, item.span)
            case t.Sum(terms):
                parts: list[Expr] = []
                for sign, term in terms:
                    part = (
                        self.position(term, dim) if not isinstance(t.bare(term), t.Num) else self.number(term)
                    )
                    parts.append(part if sign > 0 else neg(part))
                return add(*parts)
            case _:
                raise Unknown("this index is not read", item.span)

    def letter(self, letter: str, dim: str, span: Span) -> Expr:
        """An index letter on a dimension."""
        if letter in self.positions_of:
            found = self.positions_of[letter]
            for index in (found,) if isinstance(found, Index) else ():
                self.join(index.dim, dim, letter, span)
                return Index(index.letter, self.s.dims.find(dim))
            return found
        if letter in self.bound:
            index = self.bound[letter]
            self.join(index.dim, dim, letter, span)
            return Index(index.letter, self.s.dims.find(dim))
        self.free.add(letter)
        self.join(f"@{letter}", dim, letter, span)
        return Index(letter, self.s.dims.find(dim))

    def join(self, a: str, b: str, letter: str, span: Span) -> None:
        """An index letter runs over one dimension."""
        if not self.s.dims.join(a, b):
            sizes = f"{self.s.dims.find(a)} and {self.s.dims.find(b)}"
            raise Misfit(f"{letter} runs over two dimensions, {sizes}", span, letter, b)

    # --- definitions -----------------------------------------------------------------------------

    def meaning(self, name: str, found: Parts, span: Span) -> Val:
        """A defined name at its positions."""
        meant = self.s.meant[name]
        expr, own, left = self.definition(meant)
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
            raise Unknown(f"{meant.name} is defined through itself", meant.body.span)
        self.open.add(meant.name)
        held = self.bound, self.arguments, self.positions_of, self.free
        tag, self.tag = self.tag, meant.name
        fixed = self.fixed
        self.bound, self.arguments, self.positions_of, self.free = {}, {}, {}, set()
        own: list[Index] = []
        for item in (*meant.sups, *meant.subs):
            inside = t.bare(item)
            letter = inside.name if isinstance(inside, t.Name) else spell(inside)
            own.append(Index(letter, f"@{letter}"))
            self.fixed = self.fixed | {letter}
        for parameter in meant.parameters:
            inside = name_parts(parameter, self.s.letters) if isinstance(parameter, t.Script) else None
            for item in inside.subs if inside is not None else ():
                letter = spell(t.bare(item))
                if not letter.isdigit():
                    own.append(Index(letter, f"@{letter}"))
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

    # --- brackets and calls ----------------------------------------------------------------------

    def group(self, tree: t.Group) -> Val:
        """Brackets around one thing."""
        if len(tree.items) == 1:
            return self.value(tree.items[0])
        raise Unknown("a list stands where a value should", tree.span)

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
                raise Unknown(f"{meant.name} takes {len(own)} arguments", span)
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
                raise Unknown(f"{meant.name} is defined of {spell(parameter)} only", span)
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
            raise Unknown(f"{meant.name} is defined through itself", span)
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
        except (Misfit, Unknown):
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
                return self.mapped(self._derivatives(body, mark, found.primes, span), mark, argument)
            same = spell(items[0]) == spell(meant.parameters[0])
            if same:
                value = self.meaning(meant.name, found._replace(primes=0, power=None, transposed=False), span)
                for _ in range(found.primes):
                    value = self.differentiate(value, (items[0],), span)
                return value
        raise Unknown(f"the prime of {meant.name} is not understood", span)

    def _derivatives(self, body: Expr, mark: Symbol, order: int, span: Span) -> Expr:
        scope = self.scope_of_functions()
        try:
            for _ in range(order):
                body = derivative(body, mark, scope)
        except (WhygradError, ValueError) as error:
            raise Unknown(str(error), span) from error
        return body

    def scope_of_functions(self) -> Scope:
        """The functions of numbers known so far."""
        from whygrad.core.cost import Definition  # noqa: PLC0415

        return Scope({}, {n: Definition(n, b, parameters=p) for n, (p, b) in self.functions.items()})

    def mapped(self, body: Expr, mark: Symbol, argument: Val) -> Val:
        """A function of a number on every entry of a value."""
        return Val(substitute(body, {mark: argument.expr}), argument.dims, argument.row)

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
        body = self._derivatives(body, mark, found.primes, span)
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

    def builtin(self, name: str, items: tuple[Tree, ...], primes: int, span: Span) -> Val:
        """A known function at its argument."""
        if len(items) != 1:
            raise Unknown(f"{name} takes one argument", span)
        argument = self.value(items[0])
        if name in ("softmax", "logsumexp"):
            return self.along(name, argument, span)
        if primes:
            mark = Symbol("u·")
            body = self._derivatives(Call(name, (mark,)), mark, primes, span)
            return self.mapped(body, mark, argument)
        return Val(Call(name, (argument.expr,)), argument.dims, argument.row)

    def along(self, name: str, argument: Val, span: Span) -> Val:
        """``softmax`` and ``logsumexp`` of a vector."""
        if argument.rank not in (1, 2):
            raise Misfit(f"{name} takes a vector", span)
        op = "softmax" if name == "softmax" else "logsumexp"
        dims = argument.dims if name == "softmax" else argument.dims[:-1]
        return Val(Apply(op, (argument.expr,)), dims)

    def delta_of(self, items: tuple[Tree, ...], span: Span) -> Val:
        """``delta(j, k)``."""
        letters = [spell(t.bare(x)) for x in items]
        own = next((x for x in letters if not x.isdigit()), letters[0])
        dim = self.bound[own].dim if own in self.bound else f"@{own}"
        return Val(Delta(self.position(items[0], dim), self.position(items[1], dim)))

    def indicator(self, items: tuple[Tree, ...], span: Span) -> Val:
        """``1(i = j)``."""
        if len(items) != 1 or not isinstance(items[0], t.Relation):
            raise Unknown("an indicator takes a condition", span)
        return Val(self.condition(items[0]))

    # --- arithmetic ------------------------------------------------------------------------------

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
                if widest.rank == 2 and not plain and self.s.dims.join(*widest.dims):
                    self.strain += 0.8
                    self.s.say("a number beside a square matrix", "times the identity", tree.span)
                    continue
                self.strain += 0.1 if plain else 0.3 if widest.rank == 1 else 1.5
        for sign, v, term in found:
            if v.rank and v.rank != widest.rank and not self.s.dims.loose:
                raise Misfit(f"a sum of {kind_of(widest.dims)} and {kind_of(v.dims)}", term.span)
            if v.rank:
                self.s.dims.join_all(widest.dims, v.dims, term.span, "a sum")
            e = self.upright(v) if v.row != row and v.rank == 1 else v.expr
            if not v.rank and widest.rank == 2 and not isinstance(e, Number) and self.same_dims(widest.dims):
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
            raise Unknown("an empty product", tree.span)
        return done

    def times(self, a: Val, op: str, b: Val, span: Span) -> Val:
        """Two factors with the operator between them."""
        if op == "/":
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
            raise Unknown("a product of arrays with more than two indices", span)
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
            raise Misfit("a matrix before a row", span)
        inner_a, inner_b = a.dims[-1], b.dims[0]
        if not self.s.dims.join(inner_a, inner_b):
            sizes = f"{self.s.dims.find(inner_a)} and {self.s.dims.find(inner_b)}"
            raise Misfit(f"in a matrix product the sizes {sizes} differ", span)
        left = a.expr
        if a.rank == 1 and not a.row:
            if not self.s.dims.loose and not any(isinstance(n, Partial) for n in postorder(a.expr)):
                raise Misfit("a column before a matrix", span)
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
        if b.rank == 2 and a.rank in (0, 2) and not self.s.letters.uses.get("", _NO_USE).bare:
            if a.rank:
                self.s.dims.join_all(a.dims, b.dims, span, "a quotient")
                return Val(Apply("entrywise_div", (a.expr, b.expr)), b.dims)
        raise Misfit(f"division by {kind_of(b.dims)}", span)

    def power(self, base: Val, exponent: Val, span: Span) -> Val:
        """A power: of a square matrix its product with itself, of a vector its square length."""
        e = exponent.expr
        if base.expr is Constant("e"):
            return Val(Call("exp", (e,)), exponent.dims, exponent.row)
        if exponent.rank:
            raise Misfit("an exponent that is no number", span)
        if not base.rank:
            return Val(Pow(base.expr, e))
        whole = isinstance(e, Number) and e.value.denominator == 1
        if base.rank == 2 and whole:
            if not self.s.dims.join(*base.dims):
                raise Misfit("a power of a matrix that is not square", span)
            if e is MINUS_ONE:
                return Val(Apply("inv", (base.expr,)), base.dims)
            return Val(Apply("matpow", (base.expr, e)), base.dims)
        self.strain += 0.3
        if base.rank == 1 and e is TWO and not self.s.style.entrywise:
            self.s.say("the square of a vector", "its squared length", span)
            return Val(Apply("dot", (self.upright(base), self.upright(base))))
        if base.rank == 1:
            return Val(Apply("entrywise_pow", (self.upright(base), e)), base.dims)
        raise Misfit(f"a power of {kind_of(base.dims)}", span)

    def transpose(self, v: Val, span: Span) -> Val:
        """The transpose; of a number itself."""
        if not v.rank:
            self.strain += 0.7
            return v
        if v.rank > 2:
            raise Misfit("the transpose of an array with more than two indices", span)
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
        raise Misfit(f"an inner product of {kind_of(a.dims)} and {kind_of(b.dims)}", span)

    # --- functions -------------------------------------------------------------------------------

    def function(self, tree: t.Func) -> Val:
        """A function by its name."""
        value = self.plain_function(tree)
        if tree.sup is None:
            return value
        sup = t.unbraced(tree.sup)
        if isinstance(sup, t.Sum) and len(sup.terms) == 1 and tree.name in _INVERSES:
            argument = self.value(tree.args[0])
            return Val(Call(_INVERSES[tree.name], (argument.expr,)), argument.dims, argument.row)
        return self.raise_to(value, tree.sup, tree.span)

    def plain_function(self, tree: t.Func) -> Val:
        """A function without what is done to its value."""
        name, args, span = tree.name, tree.args, tree.span
        if name in self.s.meant and self.s.meant[name].parameters:
            return self.apply(self.s.meant[name], Parts(name, (), (), None, False, tree.primes), args, span)
        if name in ENTRYWISE:
            if name == "log" and tree.sub is not None:
                return self.log_to_base(tree)
            return self.builtin(name, args, tree.primes, span)
        if name in ("softmax", "logsumexp"):
            value = self.builtin(name, args, 0, span)
            return value if tree.sub is None else self.indexed(value, tree.sub, span)
        if name in ("max", "min"):
            return self.extreme(name, args, span)
        maker = _MAKERS.get(name)
        if maker is None or len(args) != 1:
            raise Unknown(f"{name} is not read here", span)
        return maker(self, self.value(args[0]), span)

    def log_to_base(self, tree: t.Func) -> Val:
        """``log_2 u``."""
        argument = self.value(tree.args[0])
        base = t.bare(tree.sub) if tree.sub is not None else None
        if isinstance(base, t.Name) and base.name == "e":
            return Val(Call("log", (argument.expr,)), argument.dims, argument.row)
        if base is None:
            raise Unknown("a logarithm without its base", tree.span)
        bottom = Call("log", (self.number(base),))
        return Val(mul(Call("log", (argument.expr,)), inverse(bottom)), argument.dims, argument.row)

    def extreme(self, name: str, args: tuple[Tree, ...], span: Span) -> Val:
        """``max(0, u)``, or the largest entry of an array."""
        values = [self.value(x) for x in args]
        if len(values) == 1 and values[0].rank:
            return Val(Apply("max" if name == "max" else "min", (values[0].expr,)))
        if len(values) < 2:
            raise Unknown(f"{name} of one number", span)
        found = values[0]
        for other in values[1:]:
            if found.rank and other.rank:
                self.s.dims.join_all(found.dims, other.dims, span, name)
            wide = found if found.rank else other
            found = Val(Call(name, (found.expr, other.expr)), wide.dims, wide.row)
        return found

    def bars(self, tree: t.Bars) -> Val:
        """A norm with its index and power, an absolute value, a determinant."""
        value = self.value(tree.body)
        power = None if tree.sup is None else t.unbraced(tree.sup)
        kind = "" if tree.sub is None else spell(t.bare(tree.sub))
        if not value.rank:
            if isinstance(power, t.Num) and power.value == 2:
                return Val(Pow(value.expr, TWO))
            value = Val(Call("abs", (value.expr,)))
        elif kind == "1":
            value = Val(Apply("norm1", (self.upright(value),)))
        elif value.rank == 2 and not tree.double:
            value = self.square(value, "det", tree.span)
        elif value.rank == 2 and kind == "2":
            raise Unknown("the spectral norm of a matrix is not computed", tree.span)
        else:
            if isinstance(power, t.Num) and power.value == 2:
                inside = self.upright(value)
                return Val(Apply("dot", (inside, inside)))
            value = Val(Apply("norm", (self.upright(value),)))
        return value if power is None else self.raise_to(value, power, tree.span)

    def square(self, v: Val, op: str, span: Span) -> Val:
        """A function of a square matrix; of a number the number itself."""
        if not v.rank:
            return v if op in ("trace", "det") else Val(Call("log", (v.expr,)))
        if v.rank != 2 or not self.s.dims.join(*v.dims):
            raise Misfit(f"the {op} of {kind_of(v.dims)} that is not square", span)
        names = {"trace": "trace", "det": "det", "logdet": "logdet"}
        return Val(Apply(names[op], (v.expr,)))  # pyright: ignore[reportArgumentType]

    def diag(self, v: Val, span: Span) -> Val:
        """The diagonal, or the diagonal matrix."""
        if v.rank == 1:
            return Val(Apply("diag", (self.upright(v),)), v.dims * 2)
        if v.rank == 2 and self.s.dims.join(*v.dims):
            return Val(Apply("diag", (v.expr,)), v.dims[:1])
        raise Misfit("diag takes a vector or a square matrix", span)

    def norm(self, v: Val, span: Span) -> Val:
        """The Euclidean norm."""
        return Val(Apply("norm", (self.upright(v),))) if v.rank else Val(Call("abs", (v.expr,)))

    # --- big operators ---------------------------------------------------------------------------

    def big(self, tree: t.Big) -> Val:
        """A sum, product, maximum over its letters."""
        if tree.op not in ("sum", "prod", "max", "min", "mean"):
            raise Unknown(f"{tree.op} is not a value", tree.span)
        held = dict(self.bound)
        held_positions = dict(self.positions_of)
        letters = self.unlike(tree.binder) or tree.binder.letters or self.unnamed(tree)
        indices: list[Index] = []
        for letter in letters:
            dim = self.range_of(letter, tree.binder)
            self.positions_of.pop(letter, None)
            self.bound.pop(letter, None)
            self.bound[letter] = Index("s" if letter == "s*" else letter, dim)
            indices.append(self.bound[letter])
        body = self.value(tree.body)
        where = None if tree.binder.where is None else self.condition(tree.binder.where)
        where = self.lower_limit(tree.binder, indices, where)
        self.bound = held
        self.positions_of = held_positions
        found = body.expr
        for k, index in enumerate(reversed(indices)):
            real = Index(index.letter, self.s.dims.find(index.dim))
            op = "sum" if tree.op == "mean" else tree.op
            found = Reduce(op, real, found, where if k == 0 else None)  # pyright: ignore[reportArgumentType]
            if tree.op == "mean":
                found = mul(inverse(Size(real.dim)), found)
        return Val(found, body.dims, body.row)

    def unlike(self, binder: t.Binder) -> tuple[str, ...]:
        """``i != j`` below a sum binds both letters where neither is fixed outside."""
        where = binder.where
        if not isinstance(where, t.Relation) or where.ops != ("!=",) or len(binder.letters) != 1:
            return ()
        names = [x.name for x in map(t.bare, where.operands) if isinstance(x, t.Name)]
        fixed = set(self.bound) | set(self.positions_of) | self.fixed
        if len(names) == 2 and not set(names) & fixed and all(self.s.letters.is_index(n) for n in names):
            return tuple(names)
        return ()

    def unnamed(self, tree: t.Big) -> tuple[str, ...]:
        """A sum that names no index runs over the examples."""
        self.s.say("a sum without an index", "over the examples", tree.span)
        return ("s*",)

    def range_of(self, letter: str, binder: t.Binder) -> str:
        """The dimension a bound letter runs over."""
        own = f"@{letter}"
        if binder.over:
            own = f"@{letter}:{binder.over}"
        high = binder.high
        if isinstance(high, t.Num) and high.value.denominator == 1 and 0 < high.value < 50:
            low = binder.low
            count = high.value + (1 if isinstance(low, t.Num) and low.value == 0 else 0)
            return str(int(count))
        size = self.size_name(high)
        if size:
            self.s.dims.constants.add(size)
            if not self.s.dims.join(own, size):
                return size
        return self.s.dims.find(own)

    def size_name(self, high: Tree | None) -> str:
        """The size an upper limit names: ``m``, ``m - 1`` where counting began at 0."""
        match high:
            case t.Name(name) if name != "infty":
                return name
            case t.Sum(((1, t.Name(name)), (-1, t.Num(value)))) if value == 1:
                return name
            case t.Bars(t.Name(name)):
                return f"size_{name}"
            case _:
                return ""

    def lower_limit(self, binder: t.Binder, indices: list[Index], where: Expr | None) -> Expr | None:
        """A lower limit above 1 leaves positions out."""
        low = binder.low
        if isinstance(low, t.Num) and low.value > 1 and indices:
            left = Compare(
                ">=", (Index(indices[-1].letter, self.s.dims.find(indices[-1].dim)), Number(low.value))
            )
            return left if where is None else Compare("and", (where, left))
        return where

    def condition(self, tree: Tree) -> Expr:
        """A comparison of values or of positions."""
        tree = t.bare(tree)
        if not isinstance(tree, t.Relation):
            raise Unknown("a condition is a comparison", tree.span)
        out: list[Expr] = []
        pairs = zip(tree.operands, tree.operands[1:], tree.ops, strict=False)
        for left, right, op in pairs:
            if op not in ("=", "!=", "<", ">", "<=", ">="):
                raise Unknown(f"the condition {op} is not read", tree.span)
            a, b = t.bare(left), t.bare(right)
            if self.is_letter(a) or self.is_letter(b):
                dim = f"@{spell(a) if self.is_letter(a) else spell(b)}"
                sides = [self.side(x, dim) for x in (a, b)]
            else:
                sides = [self.number(a), self.number(b)]
            out.append(Compare("==" if op == "=" else op, tuple(sides)))  # pyright: ignore
        return out[0] if len(out) == 1 else Compare("and", tuple(out))

    def side(self, tree: Tree, dim: str) -> Expr:
        """A side of a comparison of positions."""
        if self.is_letter(tree):
            return self.position(tree, dim)
        if isinstance(tree, t.Num):
            return Number(tree.value)
        return self.number(tree)

    def is_letter(self, tree: Tree) -> bool:
        """Whether a name is an index letter here."""
        if not isinstance(tree, t.Name):
            return False
        name = tree.name
        if name in self.bound or name in self.positions_of:
            return True
        if name in self.s.letters.pointers:
            return True
        use = self.s.letters.uses.get(name)
        return self.s.letters.is_index(name) and (
            name in self.s.letters.subscripted or use is None or not (use.bare or use.indexed)
        )

    def branches(self, tree: t.Branches) -> Val:
        """Values with conditions; the last one may stand for "otherwise"."""
        rows = [(None if c is None else self.condition(c), self.value(v), v) for v, c in tree.rows]
        wide = max((v for _, v, _ in rows), key=lambda v: v.rank)
        for _, v, at in rows:
            if v.rank:
                self.s.dims.join_all(wide.dims, v.dims, at.span, "cases")
        if wide.rank:  # shape a number like the rest
            pass
        *firsts, last = rows
        found = [(c, v.expr) for c, v, _ in firsts if c is not None]
        if last[0] is not None and not found:
            return Val(Cases(((last[0], last[1].expr),), Number(0)), wide.dims)
        if not found:
            return last[1]
        return Val(Cases(found, last[1].expr), wide.dims)

    # --- derivatives -----------------------------------------------------------------------------

    def derivative(self, tree: t.Deriv) -> Val:
        """A derivative of what follows."""
        if tree.body is None:
            raise Unknown("a derivative of nothing", tree.span)
        wrt = tree.wrt
        if not wrt:
            if not self.s.wrt:
                raise Unknown("nothing says by what is differentiated", tree.span)
            wrt = self.s.wrt[:1] * tree.order
        fact = self.fact(tree, wrt)
        if fact is not None:
            return fact
        return self.differentiate(self.value(tree.body), wrt, tree.span)

    def fact(self, tree: t.Deriv, wrt: tuple[Tree, ...]) -> Val | None:
        """A derivative the context gives, used where what is differentiated is not defined."""
        if len(wrt) != 1 or tree.body is None:
            return None
        body = t.bare(tree.body)
        found = name_parts(body, self.s.letters) if isinstance(body, t.Name | t.Script) else None
        if found is None or self.s.real(found.name) in self.s.meant:
            return None
        key = spell(tree.body), spell(wrt[0])
        for left, right in self.s.facts:
            if isinstance(left, t.Deriv) and left.body is not None and len(left.wrt) == 1:
                if (spell(left.body), spell(left.wrt[0])) == key and left is not tree:
                    if ("fact", key) in self._facts_open:
                        return None
                    self._facts_open.add(("fact", key))
                    try:
                        return self.value(right)
                    finally:
                        self._facts_open.discard(("fact", key))
        return None

    _facts_open: set[tuple[str, tuple[str, str]]] = set()

    def differentiate(self, body: Val, wrt: tuple[Tree, ...], span: Span) -> Val:
        """The unevaluated derivative, its shape that of the body and the variable."""
        for variable in wrt:
            by = self.variable(variable)
            dims = body.dims + by.dims
            if len(dims) > 2:
                raise Unknown("a derivative with more than two indices", span)
            if not isinstance(by.expr, Symbol):
                raise Unknown("a derivative by something that is not a name", span)
            row = body.rank == 0 and by.rank == 1 and self.s.row_gradient
            body = Val(Partial(body.expr, by.expr), dims, row)
        return body

    def variable(self, tree: Tree) -> Val:
        """What is differentiated by: a name, at its positions or whole."""
        inside = t.bare(tree)
        if isinstance(inside, t.Product) and len(inside.factors) == 2:
            inside = inside.factors[0][1]  # ∂/∂h(x)
        found = name_parts(inside, self.s.letters) if isinstance(inside, t.Name | t.Script) else None
        if found is None:
            raise Unknown("a derivative by something that is not a name", tree.span)
        if found.name in self.s.squares and found.power is not None:
            self.s.say(f"the derivative by {found.name}^2", "by the square as one variable", tree.span)
            self.dims_of(f"{found.name}2", 0, 0)
            return Val(Symbol(f"{found.name}2"))
        if found.transposed:
            value = self.name(found._replace(transposed=False), tree)
            return Val(value.expr, value.dims, not value.row)
        value = self.name(found, tree)
        if isinstance(value.expr, Apply) and value.expr.op == "transpose":
            return Val(value.expr.args[0], value.dims)
        return value

    def differential(self, tree: t.Differential) -> Val:
        """``dX``: given, or through what X is made of, or a change of its own."""
        inside = t.bare(tree.body)
        found = name_parts(inside, self.s.letters) if isinstance(inside, t.Name | t.Script) else None
        if found is not None and not found.subs and not found.sups and found.power is None:
            given = self.s.differentials.get(found.name)
            if given is not None and ("d", found.name) not in self._given:
                self._given.add(("d", found.name))
                try:
                    value = self.value(given)
                finally:
                    self._given.discard(("d", found.name))
                return self.transpose(value, tree.span) if found.transposed else value
            if found.name not in self.s.meant:
                base = self.placed(found.name, found._replace(transposed=False, primes=0), tree.span)
                name = f"d{found.name}"
                if name not in self.used:
                    self.used[name] = base.dims
                value = Val(Symbol(name), base.dims)
                return self.transpose(value, tree.span) if found.transposed else value
        return self.total(self.value(inside), tree.span)

    _given: set[tuple[str, str]] = set()

    def total(self, value: Val, span: Span) -> Val:
        """The total differential, by every name whose change the chain speaks of."""
        terms: list[Expr] = []
        for name in sorted(n for n in self.s.goals.get("d", ()) if n not in self.s.meant):
            base = self.placed(name, Parts(name, (), (), None, False, 0), span)
            change = f"d{name}"
            self.used.setdefault(change, base.dims)
            letters = [Index(f"{name}{k}~", self.s.dims.find(d)) for k, d in enumerate(base.dims)]
            term: Expr = mul(Partial(value.expr, Symbol(name, letters)), Symbol(change, letters))
            for index in reversed(letters):
                term = Reduce("sum", index, term)
            terms.append(term)
        if not terms:
            raise Unknown("nothing says whose change this differential is", span)
        return Val(add(*terms), value.dims)


_INVERSES: Final = {"tanh": "atanh", "sin": "asin", "cos": "acos", "tan": "atan"}


def _trace(r: Resolver, v: Val, span: Span) -> Val:
    return r.square(v, "trace", span)


def _reciprocal(name: str) -> Callable[[Resolver, Val, Span], Val]:
    def make(r: Resolver, v: Val, span: Span) -> Val:
        return r.quotient(Val(ONE), Val(Call(name, (v.expr,)), v.dims), span)

    return make


def _logit(r: Resolver, v: Val, span: Span) -> Val:
    return Val(Call("log", (mul(v.expr, inverse(add(ONE, neg(v.expr)))),)))


_MAKERS: Final[dict[str, Callable[[Resolver, Val, Span], Val]]] = {
    "trace": _trace,
    "det": lambda r, v, span: r.square(v, "det", span),
    "logdet": lambda r, v, span: r.square(v, "logdet", span),
    "diag": lambda r, v, span: r.diag(v, span),
    "norm": lambda r, v, span: r.norm(v, span),
    "sech": _reciprocal("cosh"),
    "coth": _reciprocal("tanh"),
    "csc": _reciprocal("sin"),
    "logit": _logit,
}


def _count_of(index: Index, e: Expr) -> int:
    """How many names of a product carry an index."""
    return sum(index in node.indices for _, node in paths(e) if isinstance(node, Symbol))


def _half_power(base: Expr, power: Fraction) -> Expr:
    """``sigma^n`` in terms of its square."""
    half = power / 2
    return base if half == 1 else Pow(base, Number(half))


def _argument(item: Tree) -> Tree:
    """An argument: of ``y = j`` the left side counts."""
    return item.operands[0] if isinstance(item, t.Relation) else item


def _names(tree: Tree) -> frozenset[str]:
    return t.names_in(tree)


class _NoUse:
    slots = 0
    sups = 0
    bare = 0
    subs: set[int] = set()


_NO_USE: Final = _NoUse()
__all__ = ["Resolver", "Val", "argument_like"]
