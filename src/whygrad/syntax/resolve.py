"""Surface tree to expression, by what the names are.

Every part gets its value and its shape. Index text has numbers everywhere; array text has whole
arrays, whose products need their shapes; the two mix.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NoReturn, TypeGuard, assert_never

from whygrad.core.cost import Definition
from whygrad.core.errors import LanguageError, ShapeError, Span, WhygradError
from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    Add,
    Apply,
    Call,
    Cases,
    Compare,
    CompareOp,
    Constant,
    Entry,
    Expr,
    Hole,
    Index,
    Number,
    Partial,
    Pow,
    Size,
    Symbol,
    add,
    inverse,
    mul,
    neg,
)
from whygrad.core.functions import CONSTANTS
from whygrad.core.walk import symbols
from whygrad.meaning.shapes import base_dim
from whygrad.syntax import arrays, bigs, calls
from whygrad.syntax.context import STATEMENT_DIM, Context
from whygrad.syntax.dims import auto_dim
from whygrad.syntax.surface import (
    Bars,
    Big,
    Called,
    Chain,
    Choice,
    Diff,
    Indexed,
    Logic,
    Mark,
    Name,
    Num,
    Paren,
    Power,
    Product,
    Script,
    Sum,
    Surface,
    Transposed,
    bare,
    parts,
)
from whygrad.syntax.values import KEPT, WILD, Val, entrywise_sum, spread, transpose
from whygrad.syntax.values import Product as Factors


class Resolver:
    """Resolves the surfaces of one definition or expression.

    ``letters`` are the index letters in force, with the dimension each runs over (None: the first
    use will say); ``parameters`` the arguments of the function being defined.
    """

    def __init__(self, context: Context, parameters: tuple[str, ...] = ()) -> None:
        self.context = context
        self.letters: dict[str, str | None] = {}
        self.parameters = frozenset(parameters)
        self.root: Surface | None = None

    # --- errors and readings ---------------------------------------------------------------------

    def refuse(self, id: str, reason: str, fix: str, span: Span) -> NoReturn:
        """A language error at a place."""
        raise LanguageError(id, reason, fix=fix, source=self.context.source, span=span)

    def misfit(self, reason: str, fix: str, span: Span, id: str = "error/shape") -> NoReturn:
        """A shape error at a place."""
        raise ShapeError(id, reason, fix=fix, source=self.context.source, span=span)

    def tell(self, what: str, how: str, span: Span) -> None:
        """Keep a reading."""
        self.context.say(what, how, span)

    def text(self, span: Span) -> str:
        """What was written there."""
        return self.context.source[span.start : span.end]

    def placed(self, error: WhygradError, span: Span) -> WhygradError:
        """An error with the source, and with a place if it had none."""
        error.source = error.source or self.context.source
        return error.in_source(self.context.source, span)

    # --- values ----------------------------------------------------------------------------------

    def value(self, s: Surface) -> Val:
        """The value and the shape of a part."""
        match s:
            case Num(value, decimal, span):
                return Val(Number(value, decimal), (), span)
            case Name():
                return self.name(s)
            case Mark(name, span):
                return Val(Hole(name), (), span)
            case Paren(body, span):
                return self.value(body)._replace(span=span)
            case Indexed():
                return self.indexed(s)
            case Script():
                return self.script(s)
            case Called():
                return calls.called(self, s)
            case Sum():
                return self.sum(s)
            case Product():
                return self.product(s)
            case Power():
                return self.power(s)
            case Transposed(base, span):
                return transpose(self.value(base), span)
            case Bars():
                return arrays.bars(self, s)
            case Chain():
                return self.chain(s)
            case Logic():
                return self.joined(s)
            case Choice():
                return self.choice(s)
            case Big():
                return bigs.big(self, s)
            case Diff():
                return self.derivative(s)
            case _:
                assert_never(s)

    def number(self, s: Surface) -> Expr:
        """The value of a part that must be one number."""
        found = self.value(s)
        if found.shape:
            self.whole_array(s, found)
        return found.expr

    def whole_array(self, s: Surface, found: Val) -> NoReturn:
        """An array stands where a number should."""
        stack: list[Surface] = [s]
        while stack:
            node = stack.pop()
            if isinstance(node, Name) and node.name not in self.letters:
                if self.context.dims_of(node.name):
                    raise self.context.rank_error(node.name, 0, node.span)
            elif isinstance(node, Sum | Product | Power | Paren | Choice | Chain | Bars):
                stack.extend(reversed(parts(node)))
        self.misfit(
            f"an array over ({', '.join(found.shape)}) stands where one number should",
            "give its names their index letters, or sum over all entries with sum(...)",
            s.span,
            "error/rank",
        )

    # --- names -----------------------------------------------------------------------------------

    def name(self, s: Name) -> Val:
        """What a bare name is here."""
        context, name = self.context, s.name
        if name in self.letters:
            dim = self.letters[name]
            if dim is None:
                self.nothing_says(name, s.span)
            return Val(Index(name, dim), (), s.span)
        if name in context.holes:
            return Val(Hole(name), (), s.span)
        if name in self.parameters:
            return Val(Symbol(name), (), s.span)
        dims = context.dims_of(name)
        if dims is not None:
            return self.known(s, dims)
        if name in context.sizes:
            return Val(Size(name), (), s.span)
        if name == "I":
            return Val(Apply("identity", (Size(WILD),)), (WILD, WILD), s.span)
        if name in ("ones", "zeros"):
            return Val(Apply(name, (Size(WILD),)), (WILD,), s.span)
        if name in CONSTANTS:
            return Val(Constant(name), (), s.span)
        return self.unknown(s)

    def known(self, s: Name, dims: tuple[str, ...]) -> Val:
        """A declared or defined name without indices: a number, or a whole array."""
        context, name = self.context, s.name
        declaration, definition = context.declarations.get(name), context.definitions.get(name)
        if definition is not None and definition.is_function:
            arguments = ", ".join(definition.parameters)
            self.refuse(
                "error/syntax",
                f"the function {name} stands without its argument",
                f"write {name}({arguments})",
                s.span,
            )
        if dims and declaration is not None and declaration.letters and name in CONSTANTS:
            self.tell(f"{name} without indices", "the constant", s.span)
            return Val(Constant(name), (), s.span)
        if any((name, axis) in context.limits for axis in range(len(dims))):
            self.misfit(
                f"{name} ends before its dimension does, so it has no whole",
                f"write it with its index: sum_{declared_letter(definition)} {name}[...]",
                s.span,
                "error/rank",
            )
        shape = (dims[0], KEPT) if name in context.columns else dims
        return Val(Symbol(name), shape, s.span)

    def unknown(self, s: Name) -> Val:
        """A name nobody declared: ``x_ij`` for ``x[i,j]``, an index letter, or an open name."""
        context, name = self.context, s.name
        base, _, rest = name.partition("_")
        dims = context.dims_of(base) if rest else None
        if dims is not None and dims and len(rest) == len(dims) and rest.isalnum():
            at = [Num(Fraction(int(c)), False, s.span) if c.isdigit() else Name(c, s.span) for c in rest]
            self.tell(name, f"{base}[{','.join(rest)}]", s.span)
            return self.indexed(Indexed(Name(base, s.span), tuple(at), s.span))
        if context.statement and len(name) == 1 and name in "ijkl":
            return Val(Index(name, STATEMENT_DIM), (), s.span)
        if name in context.letters and context.free_letters:
            self.letters[name] = context.letters[name]
            return Val(Index(name, context.letters[name]), (), s.span)
        if context.open_names:
            return Val(Symbol(name), (), s.span)
        if name in context.letters:
            self.unbound(name, s.span)
        raise context.unknown(name, s.span)

    def nothing_says(self, letter: str, span: Span) -> NoReturn:
        """A letter whose dimension no use tells."""
        self.refuse(
            "error/ambiguous",
            f"nothing says over which dimension {letter} runs",
            f"use {letter} as an index of a declared name, or write the range: {{{letter} in m}}",
            span,
        )

    def unbound(self, letter: str, span: Span) -> NoReturn:
        """A letter that neither the left-hand side nor an operator has."""
        self.misfit(
            f"{letter} stands on the right only, and no sum binds it",
            f"sum over it (sum_{letter} ...), or write it on the left: name[{letter}] = ...",
            span,
            "error/free-index",
        )

    # --- indices ---------------------------------------------------------------------------------

    def indexed(self, s: Indexed) -> Val:
        """``name[...]``, or an entry of an array expression."""
        context = self.context
        if isinstance(s.base, Mark):
            at = [self.position(i, STATEMENT_DIM) for i in s.indices]
            return Val(Entry(Hole(s.base.name), at), (), s.span)
        if not isinstance(s.base, Name):
            base = self.value(s.base)
            if len(s.indices) != len(base.shape):
                self.misfit(
                    f"{len(s.indices)} indices on an expression with {len(base.shape)}",
                    "give one index for each dimension",
                    s.span,
                    "error/rank",
                )
            at = [self.position(i, d) for i, d in zip(s.indices, base.shape, strict=True)]
            return Val(Entry(base.expr, at), (), s.span)
        name = s.base.name
        if name in context.holes:
            at = [self.position(i, STATEMENT_DIM) for i in s.indices]
            return Val(Entry(Hole(name), at), (), s.span)
        if name in context.steps and (name not in context.definitions or self._is_step(s, name)):
            return self.step(s, name)
        dims = context.dims_of(name)
        if dims is None:
            if name in ("delta", "kronecker") and len(s.indices) == 2:
                return calls.delta(self, s.indices, s.span)
            dims = self.open_dims(name, s)
        if len(s.indices) != len(dims) and not (context.latex and len(s.indices) < len(dims)):
            raise context.rank_error(name, len(s.indices), s.span)
        at = [self.position(i, d) for i, d in zip(s.indices, dims, strict=False)]
        return Val(Symbol(name, at), dims[len(at) :], s.span)

    def _is_step(self, s: Indexed, name: str) -> bool:
        """Whether ``h[3]`` names one position that has a definition of its own."""
        axis = self.context.steps[name]
        position = _constant(s.indices[axis]) if axis < len(s.indices) else None
        return f"{name}_{position}" in self.context.definitions

    def step(self, s: Indexed, name: str) -> Val:
        """``h[3]`` of a name that is given position by position."""
        axis = self.context.steps[name]
        position = _constant(s.indices[axis]) if axis < len(s.indices) else None
        step = f"{name}_{position}"
        if position is None or step not in self.context.definitions:
            self.refuse(
                "error/cycle",
                f"{self.text(s.span)} is used before it is defined",
                f"define the positions it starts from above: {name}[1] = ...",
                s.span,
            )
        rest = s.indices[:axis] + s.indices[axis + 1 :]
        base = Name(step, s.base.span)
        return self.indexed(Indexed(base, rest, s.span)) if rest else self.name(base)

    def open_dims(self, name: str, s: Indexed) -> tuple[str, ...]:
        """The dimensions of an undeclared indexed name, from its letters."""
        context = self.context
        if not (context.open_names or context.statement):
            raise context.unknown(name, s.base.span, indexed=True)
        dims: list[str] = []
        for k, index in enumerate(s.indices):
            letter = index.name if isinstance(index, Name) else "ijkl"[min(k, 3)]
            dim = self.letters.get(letter) or context.letters.get(letter)
            if dim is None:
                taken = context.sizes | set(context.declarations) | set(context.definitions)
                dim = STATEMENT_DIM if context.statement else auto_dim(letter, taken)
                context.letters.setdefault(letter, dim)
                context.sizes.add(dim)
            dims.append(dim)
        context.open_ranks[name] = tuple(dims)
        return tuple(dims)

    def script(self, s: Script) -> Val:
        """``x_j^{(i)}``: the example first, then the subscripts."""
        return self.indexed(Indexed(s.name, (*s.sups, *s.subs), s.span))

    def position(self, s: Surface, dim: str) -> Expr:
        """An index position: a letter, a number from 1, or an expression of these."""
        s = bare(s)
        if isinstance(s, Name) and (s.name in self.letters or not self.is_number_name(s.name)):
            return self.letter(s, dim)
        if isinstance(s, Num):
            if s.value.denominator != 1 or s.value < 1:
                self.refuse(
                    "error/domain",
                    "positions count from 1",
                    "write a whole number, 1 or more",
                    s.span,
                )
            return Number(s.value)
        return self.offset(s, dim)

    def is_number_name(self, name: str) -> bool:
        """Whether a bare name in an index position is a value and not a letter."""
        context = self.context
        return context.dims_of(name) == () or name in context.sizes or name in self.parameters

    def letter(self, s: Name, dim: str) -> Expr:
        """An index letter on a dimension."""
        if s.name not in self.letters:
            context = self.context
            if context.statement or context.free_letters:
                declared = context.letters.get(s.name) if s.name not in context.soft else None
                self.letters[s.name] = declared or dim
            else:
                self.unbound(s.name, s.span)
        known = self.letters[s.name]
        if known is None:
            known = self.letters[s.name] = dim
        if base_dim(known) != base_dim(dim) and STATEMENT_DIM not in (known, dim):
            self.misfit(
                f"{s.name} runs over {known}; this place runs over {dim}",
                f"use another letter here, over {dim}",
                s.span,
                "error/index-dimension",
            )
        return Index(s.name, known)

    def offset(self, s: Surface, dim: str) -> Expr:
        """``i + 1``, ``m``, ``t[i]``: a value counts from 0, as files do, unless it is ``>= 1``."""
        terms = [bare(t) for _, t in s.terms] if isinstance(s, Sum) else []
        letters = [t for t in terms if isinstance(t, Name) and t.name in self.letters]
        if len(letters) == 1:
            self.letter(letters[0], dim)
        return self.from_zero(self.number(s), s.span)

    def from_zero(self, e: Expr, span: Span) -> Expr:
        """A data value used as a position, moved to count from 1."""
        for symbol in symbols(e):
            declaration = self.context.declarations.get(symbol.name)
            if declaration is None or declaration.kind != "data":
                continue
            if declaration.has("integer") and (declaration.low or 0) >= 1:
                self.tell(f"{symbol.name} as a position", "counting from 1", span)
                return e
            self.tell(f"{symbol.name} as a position", "counting from 0, as files do", span)
            if isinstance(e, Add) and e.terms[-1] is MINUS_ONE:
                return add(*e.terms[:-1])
            return add(e, ONE)
        return e

    # --- arithmetic ------------------------------------------------------------------------------

    def sum(self, s: Sum) -> Val:
        """Terms with signs."""
        terms = [(sign, self.value(term)) for sign, term in s.terms]
        if any(v.shape for _, v in terms):
            try:
                return entrywise_sum(terms, s.span, self.tell)
            except ShapeError as error:
                raise self.placed(error, s.span) from None
        exprs = [v.expr if sign > 0 else neg(v.expr) for sign, v in terms]
        return Val(add(*exprs), (), s.span)

    def product(self, s: Product) -> Val:
        """Factors, left to right; where shapes need it, matrix products first."""
        factors = [(op, self.value(factor)) for op, factor in s.factors]
        first, second = s.factors[0][1], s.factors[1]
        self.check_zero(s)
        if _whole(first) and second[0] == "/" and _whole(second[1]):
            quotient = Number(first.value / second[1].value)
            factors[:2] = [("", Val(quotient, (), first.span.to(second[1].span)))]
        if not any(v.shape for _, v in factors):
            exprs = [inverse(v.expr) if op in ("/", "./") else v.expr for op, v in factors]
            if exprs[0] is ONE and len(factors) > 1 and factors[1][0] == "/":
                exprs = exprs[1:]
            return Val(mul(*exprs), (), s.span)
        if factors[0][1].expr is ONE and len(factors) > 1 and factors[1][0] == "/":
            _, v = factors[1]
            factors[:2] = [("", v._replace(expr=inverse(v.expr)))]
        return self.array_product(factors, s.span)

    def check_zero(self, s: Product) -> None:
        """Nothing is divided by the number 0."""
        for op, factor in s.factors:
            if op in ("/", "./") and isinstance(factor, Num) and factor.value == 0:
                self.refuse("error/domain", "division by 0", "divide by something else", factor.span)

    def array_product(self, factors: list[tuple[str, Val]], span: Span) -> Val:
        """A product with arrays in it."""
        try:
            return self.left_to_right(factors, span)
        except ShapeError as error:
            grouped = _matrix_first(factors)
            if grouped is None:
                raise self.placed(error, span) from None
            try:
                found = [
                    (group[0][0], self.left_to_right([("", group[0][1]), *group[1:]], span))
                    for group in grouped
                ]
                value = self.left_to_right(found, span)
            except ShapeError:
                raise self.placed(error, span) from None
            self.tell(self.context.source[span.start : span.end], "matrix products first", span)
            return value

    def left_to_right(self, factors: list[tuple[str, Val]], span: Span) -> Val:
        """The product as it stands."""
        out = Factors(self.tell, lambda a, b: arrays.dot(self, a, b))
        for op, v in factors:
            out.times(op, v)
        return out.value(span)

    def power(self, s: Power) -> Val:
        """``base^exponent``."""
        if isinstance(s.base, Bars) and s.base.double and isinstance(s.exponent, Num | Paren):
            inside, two = self.value(s.base.body), bare(s.exponent)
            if inside.mixed and isinstance(two, Num) and two.value == 2:
                return Val(arrays.squared_norm(self, inside), (), s.span)
        base_name = s.base.name if isinstance(s.base, Name) else ""
        if base_name == "e" and "e" not in self.letters and "e" not in self.parameters:
            declaration = self.context.declarations.get("e")
            if declaration is not None and declaration.dims and not declaration.letters:
                self.refuse(
                    "error/ambiguous",
                    "e is declared as an array, so `e^u` can mean its power or the exponential",
                    "write exp(u) for the exponential",
                    s.span,
                )
            base = self.value(s.base)
            if base.expr is Constant("e"):
                exponent = self.value(s.exponent)
                return Val(Call("exp", (exponent.expr,)), exponent.shape, s.span, exponent.row)
        else:
            base = self.value(s.base)
        if base.shape or _is_transpose(s.exponent):
            return arrays.power(self, s, base)
        exponent = self.value(s.exponent)
        return Val(Pow(base.expr, exponent.expr), exponent.shape, s.span, exponent.row)

    # --- conditions ------------------------------------------------------------------------------

    def chain(self, s: Chain) -> Val:
        """``a < b <= c``; a data value beside an index letter counts from 0."""
        values = [self.value(operand) for operand in s.operands]
        letters = [isinstance(v.expr, Index) for v in values]
        if any(letters) and not all(letters):
            values = [v._replace(expr=self.from_zero(v.expr, v.span)) for v in values]
        exprs, shape, row = self.together(values, s.span)
        pairs = [Compare(_compare_op(op), (a, b)) for op, a, b in zip(s.ops, exprs, exprs[1:], strict=False)]
        return Val(pairs[0] if len(pairs) == 1 else Compare("and", pairs), shape, s.span, row)

    def joined(self, s: Logic) -> Val:
        """``and``, ``or``, ``not``."""
        exprs, shape, row = self.together([self.value(a) for a in s.args], s.span)
        return Val(Compare(_compare_op(s.op), exprs), shape, s.span, row)

    def choice(self, s: Choice) -> Val:
        """``value if condition else otherwise``."""
        inside = [self.value(part) for branch in s.branches for part in branch]
        branches = s.branches
        if s.otherwise is None:
            last, inside = inside[-1], inside[:-2]
            branches = branches[:-1]
            self.tell("the last case", "otherwise", s.span)
        else:
            last = self.value(s.otherwise)
        exprs, shape, row = self.together([*inside, last], s.span)
        if not branches:
            return Val(exprs[-1], shape, s.span, row)
        pairs = list(zip(exprs[:-1:2], exprs[1:-1:2], strict=True))
        return Val(Cases(pairs, exprs[-1]), shape, s.span, row)

    def together(self, values: list[Val], span: Span) -> tuple[list[Expr], tuple[str, ...], bool]:
        """Values brought to one shape."""
        try:
            return spread(values, self.tell)
        except ShapeError as error:
            raise self.placed(error, span) from None

    def derivative(self, s: Diff) -> Val:
        """``∂u/∂z``."""
        wrt = self.value(s.wrt).expr
        if not isinstance(wrt, Symbol):
            self.refuse(
                "error/syntax",
                "a derivative is taken with respect to a name",
                "write a name below: d/dz (u)",
                s.wrt.span,
            )
        body = self.value(s.body)
        return Val(Partial(body.expr, wrt), body.shape, s.span)


def declared_letter(definition: Definition | None) -> str:
    """The first letter of a definition, or i."""
    return definition.indices[0].letter if definition is not None and definition.indices else "i"


def _constant(s: Surface) -> int | None:
    """The whole number an index is, if it is one."""
    s = bare(s)
    if isinstance(s, Num):
        return int(s.value) if s.value.denominator == 1 else None
    if isinstance(s, Sum) and all(_whole(bare(t)) for _, t in s.terms):
        values = [(sign, bare(t)) for sign, t in s.terms]
        return sum(sign * int(t.value) for sign, t in values if isinstance(t, Num))
    return None


def _whole(s: Surface) -> TypeGuard[Num]:
    return isinstance(s, Num) and not s.decimal


def _is_transpose(s: Surface) -> bool:
    if isinstance(s, Sum) and len(s.terms) == 1:
        s = s.terms[0][1]
    return isinstance(s, Name) and s.name in ("T", "⊤")


def _compare_op(op: str) -> CompareOp:
    return op  # pyright: ignore[reportReturnType]


def _matrix_first(factors: list[tuple[str, Val]]) -> list[list[tuple[str, Val]]] | None:
    """The factors with each run of juxtaposed ones together; None if that is all or nothing."""
    groups: list[list[tuple[str, Val]]] = []
    for op, v in factors:
        if groups and op in ("", "@"):
            groups[-1].append((op, v))
        else:
            groups.append([(op, v)])
    return groups if 1 < len(groups) < len(factors) else None
