"""``compile --to torch`` and ``--to jax``: a cost as a function that the framework differentiates as derived.

The backward pass is the closed form that ``derive`` reaches; the backward pass of that is the derived
product of the Hessian with a direction. Only parameters have derivatives: a gradient asked for data is
refused, not given as zero.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from whygrad.backends.tensor_text import JAX, TORCH, Dialect, TensorWriter, helpers_of, imports_of, indent
from whygrad.core.cost import Cost
from whygrad.core.errors import BudgetError, NoRuleError, UsageError
from whygrad.core.expr import Expr, Index, Reduce, Symbol, add, mul
from whygrad.core.extras import command
from whygrad.core.walk import fresh_index, letters, substitute
from whygrad.engine.tangent import MARK, tangents
from whygrad.lower.finish import used
from whygrad.lower.lower import lower
from whygrad.lower.program import Program
from whygrad.meaning.differentiate import derivative
from whygrad.train.written import Written, comments_of, identifier, indices_of, with_constants


@dataclass(frozen=True)
class Framework:
    """A cost as a module of a framework.

    Attributes
    ----------
    source
        It needs the framework and nothing of whygrad.
    arguments
        The function's arguments in order: the parameters first.
    """

    cost: Cost
    to: str
    name: str
    source: str
    arguments: tuple[str, ...]
    parameters: tuple[str, ...]
    header: str = ""
    loaded: dict[str, ModuleType] = field(default_factory=dict[str, ModuleType], repr=False, compare=False)

    @property
    def module(self) -> ModuleType:
        """The source, run; the framework is imported here and not before."""
        if "module" not in self.loaded:
            library = self.to
            try:
                importlib.import_module(library)
            except ImportError as error:
                raise UsageError(
                    "error/missing-extra", f"{library} cannot be imported ({error})", fix=command(library)
                ) from None
            made = ModuleType(f"whygrad_{self.to}_{self.name}")
            exec(compile(self.source, f"<whygrad {self.to}>", "exec"), made.__dict__)
            self.loaded["module"] = made
        return self.loaded["module"]

    def __call__(self, **arrays: Any) -> Any:
        """The cost of tensors by the cost's names."""
        missing = [n for n in self.arguments if n not in arrays]
        if missing:
            raise UsageError(
                "error/usage",
                f"{', '.join(missing)} is missing",
                fix=f"give {', '.join(self.arguments)} by name",
            )
        return getattr(self.module, self.name)(*(arrays[n] for n in self.arguments))


def compile_framework(cost: Cost, to: str, *, name: str = "") -> Framework:
    r"""Write the module.

    Parameters
    ----------
    cost
        Constants without a value stay arguments.
    to
        ``"torch"`` or ``"jax"``.
    name
        Of the function.

    Examples
    --------
    >>> from whygrad.syntax.cost_text import read_cost
    >>> made = compile_framework(read_cost("data x, y\nparam w\nJ = (w x - y)^2"), "torch", name="loss")
    >>> "class Loss(torch.autograd.Function)" in made.source
    True
    """
    written = Written(cost)
    value = with_constants(lower({cost.goal: written.goal}, written.scope), cost)
    gradient = with_constants(written.program, cost)
    outputs = {n: o for n, o in gradient.outputs.items() if n != cost.goal}
    needed = tuple(used(gradient.instructions, outputs.values()))
    gradient = Program(needed, outputs, {n: gradient.orders[n] for n in outputs})
    product = _product(cost, written)
    product = None if product is None else with_constants(product, cost)
    dialect = TORCH if to == "torch" else JAX
    chosen = identifier(name or cost.name or "cost")
    if chosen in dialect.helpers or chosen in (*written.names, *(d.name for d in cost.declarations)):
        chosen += "_cost"  # logdet is a helper's name, too
    programs = [p for p in (value, gradient, product) if p is not None]
    taken = {n for p in programs for n in p.inputs if not n.startswith(MARK)}
    parameters = written.names
    others = tuple(d.name for d in cost.declarations if d.kind != "param" and d.name in taken)
    arguments = (*parameters, *others)
    shapes = {d.name: d.dims for d in written.cost.declarations}
    make = _Module(dialect, chosen, parameters, others, shapes)
    body = make.torch(value, gradient, product) if to == "torch" else make.jax(value, gradient)
    head = [f"# {line}".rstrip() for line in comments_of(cost)]
    helpers = helpers_of(body, dialect)
    whole = "\n\n\n".join([*helpers, body])
    source = "\n".join([*head, *imports_of(whole, dialect), "", "", whole]) + "\n"
    return Framework(cost, to, chosen, source, arguments, parameters)


def _product(cost: Cost, written: Written) -> Program | None:
    """H Δ for every parameter, Δ named by the parameters with a mark."""
    if any(x.kind in ("spd", "symmetric") for d in cost.parameters for x in d.domains):
        return _plain_product(written)  # a framework moves each entry by itself
    try:
        along = tangents(written.cost, written.names)
        found = {p: along.along(written.gradients[p]) for p in written.names}
        axes = {p: written.orders[p] for p in written.names}
        return lower(found, along.cost.scope, axes=axes)
    except (NoRuleError, BudgetError, KeyError):
        return _plain_product(written)


def _plain_product(written: Written) -> Program | None:
    """The same as the derivative of ⟨gradient, Δ⟩, where the tidy form is out of reach."""
    terms: list[Expr] = []
    for p in written.names:
        e, order = written.gradients[p], written.orders[p]
        fresh: dict[Expr, Expr] = {}
        avoid = letters(e)
        for index in order:
            new = fresh_index(Index("q", index.dim), avoid)
            avoid |= {new.letter}
            fresh[index] = new
        held = tuple(i for i in fresh.values() if isinstance(i, Index))
        body = mul(substitute(e, fresh), Symbol(MARK + p, held))
        for index in held:
            body = Reduce("sum", index, body)
        terms.append(body)
    outputs: dict[str, Expr] = {}
    axes: dict[str, tuple[Index, ...]] = {}
    total = add(*terms)
    scope = written.scope
    try:
        for d in written.cost.parameters:
            own = indices_of(d, letters(total))
            outputs[d.name] = derivative(total, Symbol(d.name, own), scope)
            axes[d.name] = own
        return lower(outputs, scope, axes=axes)
    except (NoRuleError, BudgetError):
        return None


@dataclass(frozen=True)
class _Module:
    """Writes one module."""

    dialect: Dialect
    name: str
    parameters: tuple[str, ...]
    others: tuple[str, ...]
    shapes: Mapping[str, tuple[str, ...]]

    @property
    def title(self) -> str:
        return "".join(w[:1].upper() + w[1:] for w in self.name.split("_"))

    def function(self, program: Program, name: str, said: str, directions: bool = False) -> str:
        """One program as a function of all arguments."""
        writer = TensorWriter(program, self.dialect)
        heads = [_safe(p) for p in self.parameters]
        heads += [f"d_{_safe(p)}" for p in self.parameters] if directions else []
        heads += [_safe(n) for n in self.others]
        wanted = {n: _safe(n) for n in (*self.parameters, *self.others)}
        wanted |= {MARK + p: f"d_{_safe(p)}" for p in self.parameters}
        for i, python in list(writer.python.items()):
            clash = python in heads and i not in wanted
            writer.python[i] = wanted.get(i, f"{python}_" if clash else python)
        writer.like = heads[0]
        writer.sizes = {
            dim: f"{_safe(n)}.shape[{k}]"
            for n in reversed((*self.parameters, *self.others))
            for k, dim in enumerate(self.shapes[n])
        }
        lines = [f"def {name}({', '.join(heads)}):", f'    """{said}"""', *indent(writer.lines())]
        return "\n".join(lines)

    def torch(self, value: Program, gradient: Program, product: Program | None) -> str:
        """Two autograd functions and a module."""
        ps, os = [_safe(p) for p in self.parameters], [_safe(o) for o in self.others]
        every = [*ps, *os]
        nothing = ", None" * len(os) if os else ","
        parts = [
            self.function(value, f"{self.name}_value", "The cost."),
            self.function(gradient, f"{self.name}_gradient", "Its gradient, by parameter."),
        ]
        if product is not None:
            parts.append(
                self.function(
                    product, f"{self.name}_product", "The Hessian times a direction.", directions=True
                )
            )
        joined = ", ".join(every)
        parts.append(self._gradient_function(joined, nothing, product is not None))
        parts.append(f'''\
class {self.title}(torch.autograd.Function):
    """The cost; its backward pass is the derived gradient times what comes from above."""

    generate_vmap_rule = True

    @staticmethod
    def forward({joined}):
        """The cost."""
        return {self.name}_value({joined})[0]

    @staticmethod
    def setup_context(ctx, inputs, output):
        """Keep what the backward pass needs."""
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, upstream):
        """The gradient of each parameter."""
        found = {self.title}Gradient.apply(*ctx.saved_tensors)
        return (*(upstream * part for part in found){nothing})''')
        parts.append(self._call(every, ps, os))
        parts.append(self._module(ps, os))
        return "\n\n\n".join(parts)

    def _gradient_function(self, joined: str, nothing: str, twice: bool) -> str:
        ps, os = (_safe(p) for p in self.parameters), (_safe(o) for o in self.others)
        given = ", ".join([*ps, "*directions", *os])
        back = f"""\
        {joined + "," if "," not in joined else joined} = ctx.saved_tensors
        found = {self.name}_product({given})
        return (*found{nothing})"""
        if not twice:
            back = '        raise RuntimeError("this cost has no second derivative here")'
        return f'''\
class {self.title}Gradient(torch.autograd.Function):
    """The gradient as a function, so that it can be differentiated once more."""

    generate_vmap_rule = True

    @staticmethod
    def forward({joined}):
        """The gradient of each parameter."""
        return {self.name}_gradient({joined})

    @staticmethod
    def setup_context(ctx, inputs, output):
        """Keep what the backward pass needs."""
        ctx.save_for_backward(*inputs)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, *directions):
        """The Hessian times the directions."""
{back}'''

    def _call(self, every: list[str], ps: list[str], os: list[str]) -> str:
        refuse = ""
        if os:
            joined = ", ".join(os) + ("," if len(os) == 1 else "")
            names = ", ".join(self.parameters)
            refuse = f"""
    if any(torch.is_tensor(given) and given.requires_grad for given in ({joined})):
        raise ValueError("only {names} have derivatives here: declare others as param")"""
        convert = "".join(
            f"\n    {o} = torch.as_tensor({o}, dtype={ps[0]}.dtype, device={ps[0]}.device)" for o in os
        )
        return f'''\
def {self.name}({", ".join(every)}):
    """The cost of tensors; data take dtype and device of the parameters."""{refuse}{convert}
    return {self.title}.apply({", ".join(every)})'''

    def _module(self, ps: list[str], os: list[str]) -> str:
        takes = "".join(f"\n        self.{p} = torch.nn.Parameter(torch.as_tensor({p}).clone())" for p in ps)
        calls = ", ".join([*(f"self.{p}" for p in ps), *os])
        return f'''\
class {self.title}Loss(torch.nn.Module):
    """The cost with its parameters, which start where they are given."""

    def __init__(self, {", ".join(ps)}):
        super().__init__(){takes}

    def forward(self{"".join(f", {o}" for o in os)}):
        """The cost of data."""
        return {self.name}({calls})'''

    def jax(self, value: Program, gradient: Program) -> str:
        """A function with a custom vector-Jacobian product."""
        ps, os = [_safe(p) for p in self.parameters], [_safe(o) for o in self.others]
        every = ", ".join([*ps, *os])
        zeros = ", None" * len(os) if os else ","
        as_arrays = "".join(f"\n    {n} = jnp.asarray({n})" for n in ps)
        as_arrays += "".join(f"\n    {o} = jnp.asarray({o}).astype({ps[0]}.dtype)" for o in os)
        return "\n\n\n".join([
            self.function(value, f"{self.name}_value", "The cost."),
            self.function(gradient, f"{self.name}_gradient", "Its gradient, by parameter."),
            f'''\
@jax.custom_vjp
def {self.name}_of({every}):
    """The cost; its derivative is the derived gradient, and data have none."""
    return {self.name}_value({every})[0]


def {self.name}_forward(*given):
    """The cost, and what the backward pass needs."""
    if any(part.perturbed for part in given[{len(ps)}:]):
        raise ValueError("only {", ".join(self.parameters)} have derivatives here: declare others as param")
    saved = tuple(part.value for part in given)
    return {self.name}_value(*saved)[0], saved


def {self.name}_backward(saved, upstream):
    """The gradient of each parameter times what comes from above."""
    return (*(upstream * part for part in {self.name}_gradient(*saved)){zeros})


{self.name}_of.defvjp({self.name}_forward, {self.name}_backward, symbolic_zeros=True)


def {self.name}({every}):
    """The cost of arrays; data take the dtype of the parameters."""{as_arrays}
    return {self.name}_of({every})''',
        ])  # fmt: skip


_PYTHON_WORDS = frozenset(
    ("lambda", "in", "is", "if", "as", "or", "and", "not", "for", "from", "with", "del")
)


def _safe(name: str) -> str:
    safe = "".join(c if c.isalnum() or c == "_" else "_" for c in name)
    return f"{safe}_" if safe in _PYTHON_WORDS else safe
