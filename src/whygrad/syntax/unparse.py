"""Expressions and costs to plain text that reads back as the same form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, assert_never

from whygrad.core import walk
from whygrad.core.cost import Cost, Declaration, Definition, Domain, Scope
from whygrad.core.errors import ShapeError
from whygrad.core.expr import (
    MINUS_ONE,
    ONE,
    Add,
    Apply,
    Call,
    Cases,
    Compare,
    Constant,
    Delta,
    Entry,
    Expr,
    Hole,
    Index,
    Mul,
    Number,
    Partial,
    Pow,
    Reduce,
    Size,
    Symbol,
    add,
)
from whygrad.meaning.shapes import SCALAR, Layout, base_dim, node_layout
from whygrad.syntax.vocabulary import FUNCTION_NAMES, SPECIAL

CHOICE: Final = 0
OR: Final = 1
AND: Final = 2
NOT: Final = 3
COMPARE: Final = 4
SUM: Final = 5
PRODUCT: Final = 6
QUOTIENT: Final = 7
POWER: Final = 8
ATOM: Final = 9


@dataclass(frozen=True, slots=True)
class Piece:
    """Text with how tightly it holds together.

    ``positive`` is the text without its leading minus; ``reach`` the letters of sums that end it and
    would take in what follows.
    """

    text: str
    level: int = ATOM
    positive: str | None = None
    reach: frozenset[str] = frozenset()

    def at(self, level: int) -> str:
        """In brackets where it is not tight enough."""
        return self.text if self.level >= level else f"({self.text})"


def to_plain(e: Expr, scope: Scope | None = None) -> str:
    """Print an expression in the plain language.

    The law: ``same_form(read_expr(to_plain(e, scope), scope), e)``, for an expression that the
    language can say.

    Parameters
    ----------
    e
        Any expression.
    scope
        What its names are; needed to tell arrays from numbers.

    Examples
    --------
    >>> x, y = Symbol("x"), Symbol("y")
    >>> to_plain(add(Mul((Number(2), x)), Mul((MINUS_ONE, Pow(y, Number(2))))))
    '2 x - y^2'
    """
    printer = _Printer(scope or Scope())
    return printer.show(e)


class _Printer:
    """Prints in one scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.layouts: dict[Expr, Layout] = {}
        self.letter_dims: dict[str, str] = {}
        for declaration in scope.declarations.values():
            self.letter_dims.update(zip(declaration.letters, declaration.dims, strict=False))
        self.called = FUNCTION_NAMES | SPECIAL

    def show(self, e: Expr) -> str:
        """The text of ``e``."""
        return walk.fold(self.renamed(e), self.piece).text

    def renamed(self, e: Expr) -> Expr:
        """``e`` with bound letters that the reader would take for something else renamed."""
        known = {*self.scope.declarations, *self.scope.definitions}

        def f(node: Expr) -> Expr:
            if not isinstance(node, Reduce):
                return node
            letter, inside = node.index.letter, walk.names(node)
            declared = self.letter_dims.get(letter)
            elsewhere = declared is not None and base_dim(declared) != base_dim(node.index.dim)
            if letter.isidentifier() and letter not in known | inside and not elsewhere:
                return node
            avoid = walk.letters(node) | inside | known | set(self.letter_dims) | {letter, "d"}
            return walk.rename_bound(node, walk.fresh_index(node.index, avoid))

        return walk.rewrite_bottom_up(e, f)

    def layout(self, e: Expr) -> Layout:
        """The shape of a part; what does not fit counts as a number."""
        for node in walk.postorder(e):
            if node not in self.layouts:
                kids = tuple(self.layouts[kid] for kid in walk.children(node))
                try:
                    self.layouts[node] = node_layout(node, kids, self.scope)
                except ShapeError:
                    self.layouts[node] = SCALAR
        return self.layouts[e]

    def rank(self, e: Expr) -> int:
        """The number of dimensions."""
        return self.layout(e).rank

    # --- nodes -----------------------------------------------------------------------------------

    def piece(self, e: Expr, kids: tuple[Piece, ...]) -> Piece:
        """One node from the pieces of its children."""
        match e:
            case Number():
                return number(e)
            case Constant(name):
                return Piece(name)
            case Hole(name):
                return Piece(f"?{name}")
            case Index(letter):
                return Piece(letter)
            case Size(dim):
                return Piece(dim if dim.isidentifier() else f"size({dim})")
            case Symbol(name, indices):
                return Piece(f"{name}[{self.positions(indices, kids)}]" if kids else name)
            case Delta():
                name = "kronecker" if "delta" in self.scope_names() else "delta"
                return Piece(f"{name}[{kids[0].text},{kids[1].text}]")
            case Add(terms):
                return self.add(terms, kids)
            case Mul(factors):
                return self.mul(factors, kids)
            case Pow():
                return self.pow(e, kids)
            case Call(name):
                return Piece(f"{name}({', '.join(kid.text for kid in kids)})")
            case Apply():
                return self.apply(e, kids)
            case Entry(_, indices):
                return Piece(f"{kids[0].at(ATOM)}[{self.positions(indices, kids[1:])}]")
            case Reduce():
                return self.reduce(e, kids)
            case Compare():
                return self.compare(e, kids)
            case Cases():
                return self.cases(kids)
            case Partial(body, _):
                top = kids[0].text if isinstance(body, Symbol) else f"({kids[0].text})"
                return Piece(f"∂{top}/∂{kids[1].text}", QUOTIENT)
            case _:
                raise TypeError(f"{type(e).__name__} has no plain text")

    def scope_names(self) -> frozenset[str]:
        """Every name of the scope."""
        return frozenset({*self.scope.declarations, *self.scope.definitions})

    def positions(self, indices: Sequence[Expr], kids: Sequence[Piece]) -> str:
        """Index positions; data values count from 0 in the text."""
        texts = [
            walk.fold(self.from_zero(i), self.piece).text if self.counts(i) else kid.text
            for i, kid in zip(indices, kids, strict=True)
        ]
        return ",".join(text.replace(" ", "") if " if " not in text else text for text in texts)

    def counts(self, e: Expr) -> bool:
        """Whether the reader adds 1 to this position."""
        for symbol in walk.symbols(e):
            declaration = self.scope.declarations.get(symbol.name)
            if declaration is not None and declaration.kind == "data":
                return not (declaration.has("integer") and (declaration.low or 0) >= 1)
        return False

    def from_zero(self, e: Expr) -> Expr:
        """The position less the 1 that reading it adds."""
        if isinstance(e, Add) and e.terms[-1] is ONE:
            return add(*e.terms[:-1])
        return add(e, MINUS_ONE)

    # --- arithmetic ------------------------------------------------------------------------------

    def add(self, terms: Sequence[Expr], kids: Sequence[Piece]) -> Piece:
        """Terms with their signs; a sum in the middle is closed where it would reach on."""
        out = ""
        after: list[frozenset[str]] = []
        later: set[str] = set()
        for term, kid in zip(reversed(terms), reversed(kids), strict=True):
            after.append(kid.reach & later)
            later |= _free(term)
        for k, kid in enumerate(kids):
            closed = bool(after[len(kids) - 1 - k])
            if kid.positive is not None and not closed:
                out += f" - {kid.positive}" if k else f"-{kid.positive}"
                continue
            text = f"({kid.text})" if closed else kid.at(PRODUCT)
            out += f" + {text}" if k else text
        reach = kids[-1].reach
        return Piece(out, SUM, None, reach)

    def mul(self, factors: Sequence[Expr], kids: Sequence[Piece]) -> Piece:
        """Factors; a leading minus is a sign, an inverse a denominator."""
        minus = factors[0] is MINUS_ONE and not isinstance(factors[1], Number)
        if minus:
            factors, kids = factors[1:], kids[1:]
        first = factors[0]
        arrays = sum(1 for f in factors if self.rank(f) or _is_matrix_product(f))
        out, reach = "", frozenset[str]()
        for k, (factor, kid) in enumerate(zip(factors, kids, strict=True)):
            below = self.denominator(factors, k, kid)
            if below is not None:
                out += f"/{below}" if k else f"1/{below}"
                continue
            last = k == len(factors) - 1
            if k == 0 and isinstance(factor, Number):
                text = kid.text
            elif _is_matrix_product(factor):
                text = kid.text if arrays == 1 else f"({kid.text})"
            elif kid.reach and last and kid.level == PRODUCT:
                text, reach = kid.text, kid.reach
            else:
                text = kid.at(QUOTIENT)
            out += text if k == 0 else self.join(out, factors, k, text, arrays) + text
        if minus:
            return Piece(f"-{out}", SUM, out, reach)
        if isinstance(first, Number) and first.value < 0:
            return Piece(out, SUM, out[1:], reach)
        return Piece(out, PRODUCT, None, reach)

    def denominator(self, factors: Sequence[Expr], k: int, kid: Piece) -> str | None:
        """What stands below the bar if this factor is written as a quotient."""
        factor = factors[k]
        if not isinstance(factor, Pow) or factor.exponent is not MINUS_ONE:
            return None
        base = factor.base
        whole = isinstance(base, Number) and base.value.denominator == 1 and not base.decimal
        if isinstance(base, Number) and (k == 0 or base.value == 0):
            return None
        if whole and k == 1 and isinstance(factors[0], Number):
            return None
        if k == 1 and factors[0] is ONE:
            return None
        text = walk.fold(base, self.piece).at(POWER)
        if text[0] in "d∂" and text.split("[")[0] not in self.scope_names():
            return None
        return text

    def join(self, before: str, factors: Sequence[Expr], k: int, text: str, arrays: int) -> str:
        """A blank, or ``*`` where a blank would read as something else."""
        name = before.rsplit(" ", 1)[-1].rsplit("(", 1)[-1]
        both_numbers = isinstance(factors[k], Number) and isinstance(factors[k - 1], Number)
        entrywise = arrays > 1 and (self.rank(factors[k]) > 0)
        call = text[0] == "(" and name in self.called
        call = call or (text[0] == "(" and name in self.scope.definitions)
        quotient = text[0] == "∂" or isinstance(factors[k - 1], Partial)
        digit = text[0].isdigit()
        return " * " if both_numbers or entrywise or call or quotient or digit else " "

    def pow(self, e: Pow, kids: Sequence[Piece]) -> Piece:
        """``u^n``; ``1/u`` for the power -1."""
        if e.exponent is MINUS_ONE and not isinstance(e.base, Number):
            text = kids[0].at(POWER)
            if not (text[0] in "d∂" and text.split("[")[0] not in self.scope_names()):
                return Piece(f"1/{text}", PRODUCT)
        base = kids[0].at(ATOM)
        if isinstance(e.base, Constant) and e.base.name == "e":
            base = "(e)"
        exponent = kids[1].text
        simple = isinstance(e.exponent, Number) and e.exponent.value >= 0 and kids[1].level == ATOM
        simple = simple or (isinstance(e.exponent, Symbol) and not e.exponent.indices and exponent != "T")
        caret = ".^" if self.rank(e.base) else "^"
        return Piece(f"{base}{caret}{exponent}" if simple else f"{base}{caret}({exponent})", POWER)

    # --- operators -------------------------------------------------------------------------------

    def reduce(self, e: Reduce, kids: Sequence[Piece]) -> Piece:
        """``sum_i u``, with its range where the body does not tell it."""
        letter, dim = e.index.letter, e.index.dim
        where = "" if e.where is None else kids[1].text
        head = letter
        if not self.tells(e):
            head = f"{letter} in {dim}" if dim.isidentifier() else f"{letter}=1..{dim}"
        if where or head != letter:
            under = f"{{{head}: {where}}}" if where else f"{{{head}}}"
        else:
            under = letter if len(letter) == 1 or letter[1:].isdigit() else f"{{{letter}}}"
        body = kids[0]
        text = body.at(PRODUCT)
        reach = frozenset({letter}) | body.reach
        if e.op != "sum":
            text, reach = body.at(POWER), frozenset[str]()
        return Piece(f"{e.op}_{under} {text}", PRODUCT, None, reach or frozenset({""}))

    def tells(self, e: Reduce) -> bool:
        """Whether the uses of the letter say the dimension it runs over."""
        index, found = e.index, False
        parts = (e.body,) if e.where is None else (e.body, e.where)
        for node in (n for part in parts for n in walk.postorder(part)):
            if not isinstance(node, Symbol):
                continue
            dims = self.scope.dims_of(node.name)
            for at, dim in zip(node.indices, dims, strict=False):
                if at is index:
                    if dim != index.dim:
                        return False
                    found = True
                elif index in walk.free_indices(at):
                    return False
        return found or index.dim == "?"

    def compare(self, e: Compare, kids: Sequence[Piece]) -> Piece:
        """Comparisons and logic."""
        if e.op == "not":
            return Piece(f"not {kids[0].at(COMPARE)}", NOT)
        if e.op in ("and", "or"):
            level = AND if e.op == "and" else OR
            return Piece(f" {e.op} ".join(kid.at(level + 1) for kid in kids), level)
        letters = [isinstance(a, Index) for a in e.args]
        texts = [kid.at(SUM) for kid in kids]
        if any(letters) and not all(letters):
            texts = [
                walk.fold(self.from_zero(a), self.piece).at(SUM) if self.counts(a) else text
                for a, text in zip(e.args, texts, strict=True)
            ]
        return Piece(f" {e.op} ".join(texts), COMPARE)

    def cases(self, kids: Sequence[Piece]) -> Piece:
        """``value if condition else ...``."""
        out = ""
        for condition, value in zip(kids[:-1:2], kids[1:-1:2], strict=True):
            out += f"{value.at(OR)} if {condition.at(OR)} else "
        return Piece(out + kids[-1].at(OR), CHOICE)

    def apply(self, e: Apply, kids: Sequence[Piece]) -> Piece:
        """Array operations."""
        args, op = e.args, e.op
        match op:
            case "matmul" if len(args) == 2 and self.rank(args[0]) == 2:
                left = kids[0].text if _is_chain(args[0]) else kids[0].at(POWER)
                return Piece(f"{left} {kids[1].at(POWER)}", PRODUCT)
            case "dot" if isinstance(args[0], Symbol) and len(args) == 2 and self.rank(args[0]) == 1:
                return Piece(f"{kids[0].text}' {kids[1].at(POWER)}", PRODUCT)
            case "transpose" if self.rank(args[0]) == 2:
                return Piece(f"{kids[0].at(ATOM)}'")
            case "matpow":
                return Piece(f"{kids[0].at(ATOM)}^{kids[1].at(ATOM)}", POWER)
            case "norm1" | "norm2":
                return Piece(f"{op}({kids[0].text})")
            case "sum0" | "sum1" | "mean0" | "mean1" | "max0" | "max1" | "var0" | "var1":
                return Piece(f"{op[:-1]}({kids[0].text}, axis={op[-1]})")
            case _:
                return Piece(f"{op}({', '.join(kid.text for kid in kids)})")


def _free(e: Expr) -> frozenset[str]:
    return walk.names(e) | {index.letter for index in walk.free_indices(e)}


def _is_matrix_product(e: Expr) -> bool:
    return isinstance(e, Apply) and e.op in ("matmul", "dot")


def _is_chain(e: Expr) -> bool:
    return isinstance(e, Apply) and e.op == "matmul"


def number(e: Number) -> Piece:
    """A number as written: ``2``, ``0.5``, ``1/2``."""
    text = _digits(abs(e.value), e.decimal)
    if e.value < 0:
        return Piece(f"-{text}", SUM, text)
    if "/" in text:
        return Piece(text, PRODUCT)
    return Piece(text)


def _digits(value: Fraction, decimal: bool) -> str:
    if decimal:
        places, scaled = 0, value
        while scaled.denominator != 1 and places < 400:
            scaled *= 10
            places += 1
        if scaled.denominator == 1:
            digits = str(scaled.numerator).rjust(max(places, 1) + 1, "0")
            return f"{digits[:-places]}.{digits[-places:]}" if places else f"{digits.lstrip('0') or '0'}.0"
    return str(value)


# --- whole costs -------------------------------------------------------------------------------


def cost_to_plain(cost: Cost) -> str:
    """Print a cost: its declarations, then its definitions.

    Examples
    --------
    >>> from whygrad.syntax.cost_text import read_cost
    >>> print(cost_to_plain(read_cost("data y[i] > 0; param b; J = mean_i (y[i] - b)^2")))
    data y[i]: (m,) > 0
    param b
    J = 1/m sum_i (y[i] - b)^2
    """
    lines = [declaration_to_plain(d) for d in cost.declarations]
    printer = _Printer(cost.scope)
    lines += [definition_to_plain(d, printer.show) for d in cost.definitions]
    return "\n".join(lines)


def declaration_to_plain(d: Declaration) -> str:
    """The line that declares one name."""
    out = f"{d.kind} {d.name}"
    if d.letters:
        out += f"[{','.join(d.letters)}]"
    if d.dims:
        out += f": ({', '.join(d.dims)}{',' if len(d.dims) == 1 else ''})"
    out += "".join(f" {domain_to_plain(domain)}" for domain in d.domains)
    if d.value is not None:
        out += f" = {d.value}"
    return out


def domain_to_plain(domain: Domain) -> str:
    """A domain as it is declared."""
    match domain.kind:
        case "finite":
            return f"in {{{', '.join(map(str, domain.values))}}}"
        case "interval":
            low, high = domain.low, domain.high
            if low is not None and high is not None:
                opening, closing = "[" if domain.closed[0] else "(", "]" if domain.closed[1] else ")"
                return f"in {opening}{low}, {high}{closing}"
            if low is not None:
                return f">{'=' if domain.closed[0] else ''} {low}"
            if high is not None:
                return f"<{'=' if domain.closed[1] else ''} {high}"
            return "real"
        case "onehot" | "simplex":
            return f"{domain.kind}({domain.dim})" if domain.dim else domain.kind
        case "real" | "integer" | "symmetric" | "spd":
            return domain.kind
        case _:
            assert_never(domain.kind)


def definition_to_plain(d: Definition, show: Callable[[Expr], str]) -> str:
    """The line that defines one name."""
    head = d.name
    if d.parameters:
        head += f"({', '.join(d.parameters)})"
    elif d.indices:
        head += f"[{','.join(i.letter for i in d.indices)}]"
    return f"{head} = {show(d.body)}"
