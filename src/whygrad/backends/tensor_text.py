"""PyTorch and JAX: a program as functions of tensors.

One writer and a table for each framework. What depends on no tensor is a Python number and stays one, so
that dtype and device are those of the parameters; what a framework does not have is a helper above.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from whygrad.core.expr import Index
from whygrad.lower.program import (
    Const,
    Einsum,
    Fold,
    Gather,
    Input,
    Instruction,
    Length,
    Map,
    Matrix,
    Operand,
    Position,
    Program,
    Where,
)

OPERATORS: Final[Mapping[str, tuple[str, int, int, int]]] = {
    # sign, its strength, the strength its operands must have
    "or": ("|", 1, 1, 2),
    "and": ("&", 2, 2, 3),
    "lt": ("<", 0, 4, 4),
    "le": ("<=", 0, 4, 4),
    "gt": (">", 0, 4, 4),
    "ge": (">=", 0, 4, 4),
    "eq": ("==", 0, 4, 4),
    "ne": ("!=", 0, 4, 4),
    "add": ("+", 4, 4, 5),
    "sub": ("-", 4, 4, 5),
    "mul": ("*", 5, 5, 6),
    "div": ("/", 5, 5, 6),
    "neg": ("-", 6, 6, 6),
    "pow": ("**", 7, 8, 7),
}
ATOM: Final = 9


@dataclass(frozen=True)
class Dialect:
    """How a framework spells things.

    ``names`` are its elementwise functions, ``helpers`` the source of those that it lacks, ``folds`` how an
    axis is folded, ``refused`` what it cannot do, each with the reason.
    """

    module: str
    imports: Mapping[str, str]
    names: Mapping[str, str]
    helpers: Mapping[str, str]
    folds: Mapping[str, str]
    axis: str
    turned: str
    position: str
    refused: Mapping[str, str]


TORCH: Final = Dialect(
    module="torch",
    imports={
        "math.": "import math",
        "torch.": "import torch",
        "functional.": "from torch.nn import functional",
    },
    names={
        "exp": "torch.exp",
        "log": "torch.log",
        "log1p": "torch.log1p",
        "expm1": "torch.expm1",
        "sqrt": "torch.sqrt",
        "abs": "torch.abs",
        "sign": "torch.sign",
        "sigmoid": "torch.sigmoid",
        "tanh": "torch.tanh",
        "softplus": "softplus",
        "relu": "torch.relu",
        "gelu": "functional.gelu",
        "silu": "functional.silu",
        "sin": "torch.sin",
        "cos": "torch.cos",
        "tan": "torch.tan",
        "sinh": "torch.sinh",
        "cosh": "torch.cosh",
        "asin": "torch.asin",
        "acos": "torch.acos",
        "atan": "torch.atan",
        "erf": "torch.erf",
        "erfc": "torch.erfc",
        "Phi": "torch.special.ndtr",
        "lgamma": "torch.lgamma",
        "digamma": "torch.digamma",
        "trigamma": "trigamma",
        "Gamma": "gamma_function",
        "beta": "beta_function",
        "floor": "torch.floor",
        "min": "smaller",
        "max": "larger",
        "clip": "clip",
        "not": "torch.logical_not",
    },
    helpers={
        "softplus": '''\
def softplus(u):
    """log(1 + e^u) as max(u, 0) + log1p(e^-|u|)."""
    return torch.clamp(u, min=0) + torch.log1p(torch.exp(-torch.abs(u)))''',
        "trigamma": '''\
def trigamma(u):
    """The second derivative of log Gamma."""
    return torch.special.polygamma(1, u)''',
        "gamma_function": '''\
def gamma_function(u):
    """Gamma, from its logarithm; between negative poles its sign alternates."""
    flips = (u < 0) & (torch.remainder(torch.floor(u), 2) == 1)
    return torch.where(flips, -1.0, 1.0) * torch.exp(torch.lgamma(u))''',
        "beta_function": '''\
def beta_function(a, b):
    """Beta of positive numbers."""
    return torch.exp(torch.lgamma(a) + torch.lgamma(b) - torch.lgamma(a + b))''',
        "smaller": '''\
def smaller(a, b):
    """The smaller of two, one of which may be a number."""
    return torch.where(b < a, b, a)''',
        "larger": '''\
def larger(a, b):
    """The larger of two, one of which may be a number."""
    return torch.where(b > a, b, a)''',
        "clip": '''\
def clip(u, low, high):
    """u between two bounds."""
    return torch.clamp(u, low, high)''',
        "take": '''\
def take(array, *at):
    """Entries at positions counted from 0; outside, the nearest entry."""
    places = [torch.as_tensor(p, device=array.device).long().clamp(0, n - 1) for p, n in zip(at, array.shape)]
    return array[tuple(places)]''',
        "inv": '''\
def inv(a):
    """The inverse."""
    return torch.linalg.inv(a)''',
        "det": '''\
def det(a):
    """The determinant."""
    return torch.linalg.det(a)''',
        "logdet": '''\
def logdet(a):
    """The logarithm of the determinant, without computing the determinant."""
    return torch.logdet(a)''',
    },
    folds={"sum": "sum", "prod": "prod", "max": "amax", "min": "amin"},
    axis="dim",
    turned="permute",
    position="torch.arange(1, {size} + 1, dtype={like}.dtype, device={like}.device)",
    refused={},
)

JAX: Final = Dialect(
    module="jnp",
    imports={
        "math.": "import math",
        "jax.": "import jax",
        "jnp.": "import jax.numpy as jnp",
        "special.": "from jax.scipy import special",
    },
    names={
        **{
            n: f"jnp.{n}"
            for n in ("exp", "log", "log1p", "expm1", "sqrt", "abs", "sign", "tanh", "sin", "cos")
        },
        **{n: f"jnp.{n}" for n in ("tan", "sinh", "cosh", "floor")},
        "sigmoid": "jax.nn.sigmoid",
        "softplus": "softplus",
        "relu": "jax.nn.relu",
        "gelu": "gelu",
        "silu": "jax.nn.silu",
        "asin": "jnp.arcsin",
        "acos": "jnp.arccos",
        "atan": "jnp.arctan",
        "erf": "special.erf",
        "erfc": "special.erfc",
        "Phi": "special.ndtr",
        "lgamma": "special.gammaln",
        "digamma": "special.digamma",
        "trigamma": "trigamma",
        "Gamma": "special.gamma",
        "beta": "special.beta",
        "min": "jnp.minimum",
        "max": "jnp.maximum",
        "clip": "jnp.clip",
        "not": "jnp.logical_not",
    },
    helpers={
        "softplus": '''\
def softplus(u):
    """log(1 + e^u) as max(u, 0) + log1p(e^-|u|)."""
    return jnp.maximum(u, 0) + jnp.log1p(jnp.exp(-jnp.abs(u)))''',
        "gelu": '''\
def gelu(u):
    """u times the normal distribution function."""
    return u * special.ndtr(u)''',
        "trigamma": '''\
def trigamma(u):
    """The second derivative of log Gamma."""
    return special.polygamma(1, u)''',
        "take": '''\
def take(array, *at):
    """Entries at positions counted from 0; outside, the nearest entry."""
    return array[tuple(jnp.clip(jnp.asarray(p).astype(int), 0, n - 1) for p, n in zip(at, array.shape))]''',
        "inv": '''\
def inv(a):
    """The inverse."""
    return jnp.linalg.inv(a)''',
        "det": '''\
def det(a):
    """The determinant."""
    return jnp.linalg.det(a)''',
        "logdet": '''\
def logdet(a):
    """The logarithm of the determinant, without computing the determinant."""
    sign, size = jnp.linalg.slogdet(a)
    return jnp.where(sign > 0, size, jnp.nan)''',
    },
    folds={"sum": "sum", "prod": "prod", "max": "max", "min": "min"},
    axis="axis",
    turned="transpose",
    position="jnp.arange(1, {size} + 1, dtype={like}.dtype)",
    refused={},
)

NUMBERS: Final[Mapping[str, str]] = {
    **{n: f"math.{n}" for n in ("exp", "log", "log1p", "expm1", "sqrt", "tanh", "sin", "cos", "tan", "sinh")},
    **{n: f"math.{n}" for n in ("cosh", "asin", "acos", "atan", "erf", "erfc", "lgamma", "floor")},
    "abs": "abs",
    "Gamma": "math.gamma",
    "min": "min",
    "max": "max",
}
"""Functions of Python numbers."""


def helpers_of(body: str, dialect: Dialect) -> list[str]:
    """The helpers that some source calls, in the dialect's order."""
    return [text for name, text in dialect.helpers.items() if f"{name}(" in body.replace(f"def {name}(", "")]


def imports_of(text: str, dialect: Dialect) -> list[str]:
    """The lines that a module begins with."""
    return [line for mark, line in dialect.imports.items() if mark in text]


class TensorWriter:
    """Spells one program as one function of its inputs, all of them tensors; sizes are read off them."""

    def __init__(self, program: Program, dialect: Dialect) -> None:
        self.program, self.dialect = program, dialect
        self.python = self._python_names()
        self.numbers: set[str] = set()
        self.text: dict[str, tuple[str, int]] = {}
        self.sizes: dict[str, str] = {}
        """How the size of each dimension is read off an argument."""
        self.like = ""
        """An argument whose dtype and device are everyone's."""

    def _python_names(self) -> dict[str, str]:
        taken = {"torch", "jax", "jnp", "math", "special", "functional", "m_", *self.dialect.helpers}
        found: dict[str, str] = {}
        for i in self.program.instructions:
            safe = "".join(c if c.isalnum() or c == "_" else "_" for c in i.name.replace("Δ", "d_"))
            safe = safe if safe.isidentifier() else f"v_{safe}"
            while safe in taken or keyword.iskeyword(safe):
                safe += "_"
            taken.add(safe)
            found[i.name] = safe
        return found

    def size(self, dim: str) -> str:
        """The size of a dimension as text."""
        if dim.isdecimal():
            return dim
        if dim in self.sizes:
            return self.sizes[dim]
        base, sign, shift = dim.partition("-") if "-" in dim else dim.partition("+")
        if base in self.sizes and shift.isdecimal():
            return f"({self.sizes[base]} {sign} {shift})"
        raise KeyError(dim)

    def lines(self) -> list[str]:
        """The body, a result a line, and the return."""
        found: list[str] = []
        for i in self.program.instructions:
            if isinstance(i.operation, Input):
                self.text[i.name] = (self.python[i.name], ATOM)
                continue
            text, strength = self._spell(i)
            if isinstance(i.operation, Const | Length):
                self.numbers.add(i.name)
                self.text[i.name] = (text, strength)
                continue
            rules = ", ".join(dict.fromkeys(i.rules))
            shape = f"({', '.join(i.dims)})" if i.axes else ""
            said = "  ".join(w for w in (shape, rules) if w)
            found.append(f"{self.python[i.name]} = {text}{f'  # {said}' if said else ''}")
            self.text[i.name] = (self.python[i.name], ATOM)
        results = ", ".join(self._output(name) for name in self.program.outputs)
        return [*found, f"return {results}{',' if len(self.program.outputs) == 1 else ''}"]

    def _output(self, name: str) -> str:
        held, wanted = self.program.outputs[name], self.program.orders[name]
        if held.value in self.numbers or not wanted:
            text = self.text[held.value][0]
            if held.value not in self.numbers and not wanted:
                return text
            shape = ", ".join(self.size(a.dim) for a in wanted)
            comma = "," if len(wanted) == 1 else ""
            more = f", dtype={self.like}.dtype"
            more += f", device={self.like}.device" if self.dialect is TORCH else ""
            return f"{self.dialect.module}.full(({shape}{comma}), {text}{more})"
        if held.axes == wanted:
            return self.text[held.value][0]
        turned = self._aligned(held, wanted)
        if set(wanted) == set(held.axes):
            return turned
        shape = ", ".join(self.size(a.dim) for a in wanted)
        return f"{self.dialect.module}.broadcast_to({turned}, ({shape},))"

    # --- operations -----------------------------------------------------------------------------

    def _spell(self, i: Instruction) -> tuple[str, int]:
        match i.operation:
            case Input(name):
                return self.python[name], ATOM
            case Const(value):
                return _constant(value)
            case Length(dim):
                return self.size(dim), ATOM
            case Position(dim):
                return self.dialect.position.format(size=self.size(dim), like=self.like), ATOM
            case Map(function, args):
                return self._map(i, function, args)
            case Einsum(args):
                return self._einsum(i, args)
            case Fold(op, arg):
                return self._fold(op, arg, i.axes)
            case Gather(array, positions):
                at = ", ".join(self._on(o, i.axes) for o in positions)
                return f"take({self._atom(array)}, {at})", ATOM
            case Matrix(op, arg, order):
                return f"{op}({self._on(arg, order)})", ATOM
            case Where(condition, then, other):
                return self._where(i, condition, then, other)

    def _where(self, i: Instruction, condition: Operand, then: Operand, other: Operand) -> tuple[str, int]:
        if condition.value in self.numbers:
            chosen = (
                f"{self._on(then, i.axes)} if {self._on(condition, i.axes)} else {self._on(other, i.axes)}"
            )
            if {then.value, other.value} <= self.numbers:
                self.numbers.add(i.name)
            return f"({chosen})", ATOM
        parts = [self._on(o, i.axes) for o in (condition, then, other)]
        if {then.value, other.value} <= self.numbers:
            # Two numbers have no dtype of their own.
            flag = f"{parts[0]}.to({self.like}.dtype)" if self.dialect is TORCH else f"{parts[0]}"
            if parts[1:] == ["1", "0"] and self.dialect is TORCH:
                return f"({parts[0]}).to({self.like}.dtype)", ATOM
            if self.dialect is TORCH:
                like = f"torch.ones((), dtype={self.like}.dtype, device={self.like}.device)"
                return f"torch.where({parts[0]}, ({parts[1]}) * {like}, ({parts[2]}) * {like})", ATOM
            return f"jnp.where({flag}, jnp.asarray({parts[1]}, {self.like}.dtype), {parts[2]})", ATOM
        return f"{self.dialect.module}.where({', '.join(parts)})", ATOM

    def _atom(self, name: str) -> str:
        text, strength = self.text[name]
        return text if strength == ATOM else f"({text})"

    def _on(self, o: Operand, axes: tuple[Index, ...]) -> str:
        if _fits(o.axes, axes):
            return self.text[o.value][0]
        return self._aligned(o, axes)

    def _aligned(self, o: Operand, axes: tuple[Index, ...]) -> str:
        """The operand, its axes turned and spread over ``axes``."""
        text, own = self._atom(o.value), o.axes
        order = sorted(range(len(own)), key=lambda n: axes.index(own[n]))
        if order != sorted(order):
            text = f"{text}.{self.dialect.turned}({', '.join(map(str, order))})"
        marks = [":" if axis in own else "None" for axis in axes]
        while marks and marks[0] == "None":
            marks.pop(0)
        return text if "None" not in marks else f"{text}[{', '.join(marks)}]"

    def _map(self, i: Instruction, function: str, args: tuple[Operand, ...]) -> tuple[str, int]:
        plain = all(o.value in self.numbers for o in args)
        if plain:
            self.numbers.add(i.name)
        if function in OPERATORS:
            sign, strength, left, right = OPERATORS[function]
            parts = [self._inside(o, i.axes, s) for o, s in zip(args, (left, right), strict=False)]
            if len(parts) == 1:
                return f"{sign}{parts[0]}", strength
            return f"{parts[0]} {sign} {parts[1]}", strength
        inside = ", ".join(self._on(o, i.axes) for o in args)
        if plain and function in NUMBERS:
            return f"{NUMBERS[function]}({inside})", ATOM
        self.numbers.discard(i.name)
        if self.dialect is TORCH and any(o.value in self.numbers for o in args) and function not in ("clip",):
            inside = ", ".join(self._tensor(o, i.axes) for o in args)
        return f"{self.dialect.names[function]}({inside})", ATOM

    def _tensor(self, o: Operand, axes: tuple[Index, ...]) -> str:
        if o.value not in self.numbers:
            return self._on(o, axes)
        like = self.like
        return f"torch.tensor({self.text[o.value][0]}, dtype={like}.dtype, device={like}.device)"

    def _inside(self, o: Operand, axes: tuple[Index, ...], needed: int) -> str:
        text, strength = self.text[o.value]
        if not _fits(o.axes, axes):
            return self._aligned(o, axes)
        return text if strength >= needed else f"({text})"

    def _einsum(self, i: Instruction, args: tuple[Operand, ...]) -> tuple[str, int]:
        axes = i.axes
        plain = [o for o in args if o.value in self.numbers]
        rest = [o for o in args if o.value not in self.numbers]
        if not rest:
            self.numbers.add(i.name)
            return " * ".join(self._atom(o.value) for o in plain), OPERATORS["mul"][1]
        front = "".join(f"{self._atom(o.value)} * " for o in plain)
        if len(rest) == 2:
            found = self._matmul(rest[0], rest[1], axes)
            if found:
                return (f"{front}({found})" if front else found), OPERATORS["mul"][1]
        letters = dict[Index, str]()
        for o in rest:
            for axis in o.axes:
                letters.setdefault(axis, "ijklmnopqrstuvwabcdefgh"[len(letters)])
        words = ",".join("".join(letters[a] for a in o.axes) for o in rest)
        out = "".join(letters[a] for a in axes)
        inside = ", ".join(self.text[o.value][0] for o in rest)
        text = f'{front}{self.dialect.module}.einsum("{words}->{out}", {inside})'
        return text, OPERATORS["mul"][1] if front else ATOM

    def _matmul(self, a: Operand, b: Operand, axes: tuple[Index, ...]) -> str | None:
        shared = [axis for axis in a.axes if axis in b.axes]
        if len(shared) != 1 or shared[0] in axes or max(len(a.axes), len(b.axes)) > 2:
            return None
        k = shared[0]
        if len(a.axes) == 1 and len(b.axes) == 2 and b.axes[1] is k:
            return self._matmul(b, a, axes)
        if len(b.axes) == 1 and len(a.axes) == 2 and a.axes[0] is k:
            return self._matmul(b, a, axes)
        left, right = self._atom(a.value), self._atom(b.value)
        left = f"{left}.T" if len(a.axes) == 2 and a.axes[1] is not k else left
        right = f"{right}.T" if len(b.axes) == 2 and b.axes[0] is not k else right
        return f"{left} @ {right}"

    def _fold(self, op: str, arg: Operand, axes: tuple[Index, ...]) -> tuple[str, int]:
        gone = [n for n, axis in enumerate(arg.axes) if axis not in axes]
        if op == "prod" and len(gone) > 1 and self.dialect is TORCH:
            text = self._atom(arg.value)
            for n in reversed(gone):
                text += f".prod(dim={n})"
            return text, ATOM
        place = (
            ""
            if len(gone) == len(arg.axes)
            else f"{self.dialect.axis}={gone[0] if len(gone) == 1 else tuple(gone)}"
        )
        return f"{self._atom(arg.value)}.{self.dialect.folds[op]}({place})", ATOM


def _constant(value: Fraction | str) -> tuple[str, int]:
    if isinstance(value, str):
        return {"pi": "math.pi", "e": "math.e", "inf": "math.inf", "-inf": "-math.inf"}[value], ATOM
    if value.denominator == 1 and abs(value) < 10**15:
        return f"{value.numerator}", ATOM if value >= 0 else OPERATORS["neg"][1]
    number = float(value)
    return repr(number), ATOM if number >= 0 else OPERATORS["neg"][1]


def _fits(own: tuple[Index, ...], axes: tuple[Index, ...]) -> bool:
    return not own or own == axes[len(axes) - len(own) :]


def indent(lines: Iterable[str], by: int = 4) -> list[str]:
    """Lines further to the right."""
    return [" " * by + line if line else line for line in lines]
