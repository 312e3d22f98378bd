"""The closed set of expression nodes: frozen, interned, storing only.

Nothing here simplifies. ``Add((x, Number(0)))`` stays as written until a rule changes it, because
the line a person wrote is the line they must see again. The one liberty taken is associativity:
the builders :func:`add` and :func:`mul` flatten a sum inside a sum and a product inside a product.

Interning makes "written alike" an identity: two nodes with equal fields are one object, so
``a is b`` (and ``==``, and hashing) cost nothing however large the tree. "Alike up to order and
names of bound indices" is :func:`whygrad.core.walk.same_form`; "equal in value" is
:func:`whygrad.meaning.equal.same_value`.

An :class:`Index` is a letter over a dimension. Binding is hygienic by operation, not by
representation: :func:`whygrad.core.walk.substitute` renames a bound letter that would capture.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, ClassVar, Final, Literal, Self, get_args
from weakref import WeakValueDictionary

ReduceOp = Literal["sum", "prod", "max", "min"]
CompareOp = Literal["<", "<=", ">", ">=", "==", "!=", "and", "or", "not"]
ApplyOp = Literal[
    "matmul",  # juxtaposition or @: (a,b)(b,c), a vector is a column on the right, a row on the left
    "dot",  # inner product of two vectors
    "outer",  # a b'
    "transpose",
    "inv",
    "det",
    "logdet",
    "trace",
    "diag",  # vector -> matrix, matrix -> its diagonal
    "norm",  # Euclidean of a vector, Frobenius of a matrix
    "norm1",
    "norm2",  # spectral
    "softmax",  # along the last axis
    "logsumexp",  # along the last axis
    "sum",  # over all entries
    "mean",
    "max",
    "min",
    "sum0",  # over the first axis (axis=0), "sum1": over the last
    "sum1",
    "mean0",
    "mean1",
    "max0",
    "max1",
    "var",  # divisor m
    "var0",
    "var1",
    "matpow",  # (matrix, integer Number)
    "map",  # unused marker for printers: entrywise application is Call/Add/Mul on whole arrays
    "identity",  # I of a Size
    "ones",
    "zeros",
    "hadamard",  # entry-by-entry product, where Mul would read as a matrix product
    "entrywise_div",
    "entrywise_pow",
    "stack_row",  # reserved for rows of literal arrays
]
APPLY_OPS: Final[tuple[str, ...]] = get_args(ApplyOp)


class Expr:
    """A node. Equality is identity; subclasses list their fields in ``__match_args__``."""

    __slots__ = ("__weakref__", "memo")
    __match_args__: ClassVar[tuple[str, ...]] = ()
    memo: dict[str, Any]
    _table: ClassVar[WeakValueDictionary[tuple[Any, ...], Expr]] = WeakValueDictionary()

    @classmethod
    def _intern(cls, *fields: Any) -> Self:
        key = (cls, *fields)
        found = Expr._table.get(key)
        if found is None:
            found = object.__new__(cls)
            for name, value in zip(cls.__match_args__, fields, strict=True):
                object.__setattr__(found, name, value)
            object.__setattr__(found, "memo", {})
            Expr._table[key] = found
        return found  # pyright: ignore[reportReturnType]

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __repr__(self) -> str:
        inside = ", ".join(repr(getattr(self, name)) for name in self.__match_args__)
        return f"{type(self).__name__}({inside})"

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), tuple(getattr(self, name) for name in self.__match_args__))


class Number(Expr):
    """An exact rational. ``decimal`` remembers that it was written 0.5 and not 1/2."""

    __slots__ = __match_args__ = ("value", "decimal")
    value: Fraction
    decimal: bool

    def __new__(cls, value: int | Fraction, decimal: bool = False) -> Self:
        return cls._intern(Fraction(value), decimal)


class Constant(Expr):
    """A mathematical constant: ``pi`` or ``e``."""

    __slots__ = __match_args__ = ("name",)
    name: str

    def __new__(cls, name: str) -> Self:
        return cls._intern(name)


class Symbol(Expr):
    """A name of the cost at given positions: ``x[i,j]``, ``w[j]``, ``b``, or a definition ``z[i]``.

    With fewer indices than the name has dimensions (normally none), the whole array is meant.
    An index position holds an :class:`Index`, a :class:`Number` (counting from 1), or an
    expression of these (``x[i+1]``, ``E[t[i],j]``).
    """

    __slots__ = __match_args__ = ("name", "indices")
    name: str
    indices: tuple[Expr, ...]

    def __new__(cls, name: str, indices: Iterable[Expr] = ()) -> Self:
        return cls._intern(name, tuple(indices))


class Index(Expr):
    """An index letter over a dimension. As a number it is the position 1, 2, ..."""

    __slots__ = __match_args__ = ("letter", "dim")
    letter: str
    dim: str

    def __new__(cls, letter: str, dim: str) -> Self:
        return cls._intern(letter, dim)


class Size(Expr):
    """The number of positions along a dimension, e.g. m."""

    __slots__ = __match_args__ = ("dim",)
    dim: str

    def __new__(cls, dim: str) -> Self:
        return cls._intern(dim)


class Delta(Expr):
    """Kronecker's delta: 1 where the two index expressions are equal, else 0."""

    __slots__ = __match_args__ = ("left", "right")
    left: Expr
    right: Expr

    def __new__(cls, left: Expr, right: Expr) -> Self:
        return cls._intern(left, right)


class Add(Expr):
    """A sum of two or more terms in written order; ``a - b`` is ``Add((a, -b))``."""

    __slots__ = __match_args__ = ("terms",)
    terms: tuple[Expr, ...]

    def __new__(cls, terms: Iterable[Expr]) -> Self:
        return cls._intern(tuple(terms))


class Mul(Expr):
    """A product of two or more factors in written order.

    ``-u`` is ``Mul((Number(-1), u))``; ``a/b`` is ``Mul((a, Pow(b, Number(-1))))``; ``1/b`` is the
    bare power. ``a/b * c`` and ``a*c/b`` differ only in the order of factors, and print differently.
    """

    __slots__ = __match_args__ = ("factors",)
    factors: tuple[Expr, ...]

    def __new__(cls, factors: Iterable[Expr]) -> Self:
        return cls._intern(tuple(factors))


class Pow(Expr):
    """``base ** exponent``; the exponent -1 prints as a fraction."""

    __slots__ = __match_args__ = ("base", "exponent")
    base: Expr
    exponent: Expr

    def __new__(cls, base: Expr, exponent: Expr) -> Self:
        return cls._intern(base, exponent)


class Call(Expr):
    """An elementary function (see :mod:`whygrad.core.functions`) or one the cost defines.

    On whole arrays it acts entry by entry.
    """

    __slots__ = __match_args__ = ("name", "args")
    name: str
    args: tuple[Expr, ...]

    def __new__(cls, name: str, args: Iterable[Expr]) -> Self:
        return cls._intern(name, tuple(args))


class Apply(Expr):
    """An array operation kept as written: matrix product, transpose, inverse, trace, norm, ..."""

    __slots__ = __match_args__ = ("op", "args")
    op: ApplyOp
    args: tuple[Expr, ...]

    def __new__(cls, op: ApplyOp, args: Iterable[Expr]) -> Self:
        return cls._intern(op, tuple(args))


class Entry(Expr):
    """One entry of an array-valued expression: ``inv(S)[j,k]``."""

    __slots__ = __match_args__ = ("array", "indices")
    array: Expr
    indices: tuple[Expr, ...]

    def __new__(cls, array: Expr, indices: Iterable[Expr]) -> Self:
        return cls._intern(array, tuple(indices))


class Reduce(Expr):
    """``op`` of ``body`` over ``index``, restricted to positions where ``where`` holds.

    ``where`` is ``None`` or a comparison, e.g. ``k != i``, ``t[k] >= t[i]``. The index letter is
    bound in ``body`` and in ``where``.
    """

    __slots__ = __match_args__ = ("op", "index", "body", "where")
    op: ReduceOp
    index: Index
    body: Expr
    where: Expr | None

    def __new__(cls, op: ReduceOp, index: Index, body: Expr, where: Expr | None = None) -> Self:
        return cls._intern(op, index, body, where)


class Compare(Expr):
    """A condition; as a number it is 0 or 1. ``not`` has one argument, the others two or more."""

    __slots__ = __match_args__ = ("op", "args")
    op: CompareOp
    args: tuple[Expr, ...]

    def __new__(cls, op: CompareOp, args: Iterable[Expr]) -> Self:
        return cls._intern(op, tuple(args))


class Cases(Expr):
    """``branches`` of (condition, value), first true one wins, else ``otherwise``."""

    __slots__ = __match_args__ = ("branches", "otherwise")
    branches: tuple[tuple[Expr, Expr], ...]
    otherwise: Expr

    def __new__(cls, branches: Iterable[tuple[Expr, Expr]], otherwise: Expr) -> Self:
        return cls._intern(tuple(branches), otherwise)


class Partial(Expr):
    """The unevaluated derivative of ``body`` with respect to ``wrt``.

    ``wrt`` is a :class:`Symbol` (of a parameter, or of a definition taken as a variable).
    A definition named in ``body`` is followed down to ``wrt``: ``Partial(L[i], z[i])`` is the
    derivative of L through every path, with z itself taken as free.
    """

    __slots__ = __match_args__ = ("body", "wrt")
    body: Expr
    wrt: Symbol

    def __new__(cls, body: Expr, wrt: Symbol) -> Self:
        return cls._intern(body, wrt)


class Hole(Expr):
    """A pattern variable of a rule's statement."""

    __slots__ = __match_args__ = ("name",)
    name: str

    def __new__(cls, name: str) -> Self:
        return cls._intern(name)


ZERO: Final = Number(0)
ONE: Final = Number(1)
MINUS_ONE: Final = Number(-1)
TWO: Final = Number(2)


def add(*terms: Expr) -> Expr:
    """The sum of ``terms``, flattened: no terms is 0, one term is itself.

    >>> x, y = Symbol("x"), Symbol("y")
    >>> add(x, add(y, x)) is Add((x, y, x))
    True
    """
    flat: list[Expr] = []
    for term in terms:
        flat.extend(term.terms if isinstance(term, Add) else (term,))
    if not flat:
        return ZERO
    return flat[0] if len(flat) == 1 else Add(flat)


def mul(*factors: Expr) -> Expr:
    """The product of ``factors``, flattened: no factors is 1, one factor is itself."""
    flat: list[Expr] = []
    for factor in factors:
        flat.extend(factor.factors if isinstance(factor, Mul) else (factor,))
    if not flat:
        return ONE
    return flat[0] if len(flat) == 1 else Mul(flat)


def neg(u: Expr) -> Expr:
    """``-u``: a number is negated, a leading -1 is taken off, anything else gets a leading -1."""
    match u:
        case Number(value, decimal):
            return Number(-value, decimal)
        case Mul(factors) if factors[0] is MINUS_ONE:
            return mul(*factors[1:])
        case Mul((Number(value, decimal), *rest)):
            return mul(Number(-value, decimal), *rest)
        case _:
            return mul(MINUS_ONE, u)


def sub(a: Expr, b: Expr) -> Expr:
    """``a - b``."""
    return add(a, neg(b))


def inverse(u: Expr) -> Expr:
    """``1/u`` as the power -1."""
    return Pow(u, MINUS_ONE)


def div(a: Expr, b: Expr) -> Expr:
    """``a/b``; ``1/b`` is the bare inverse."""
    return inverse(b) if a is ONE else mul(a, inverse(b))


def terms_of(u: Expr) -> tuple[Expr, ...]:
    """The terms of a sum; anything else is a sum of itself."""
    return u.terms if isinstance(u, Add) else (u,)


def factors_of(u: Expr) -> tuple[Expr, ...]:
    """The factors of a product; anything else is a product of itself."""
    return u.factors if isinstance(u, Mul) else (u,)
