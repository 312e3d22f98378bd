"""In a notebook: results show themselves, steps open one by one, ``%%whygrad check`` judges lines.

Importing this module inside Jupyter, Colab or VS Code is enough; ``%load_ext whygrad.notebook`` does
the same.
The classes that are shown know nothing of it: how they look is registered here, from outside.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from whygrad import api
from whygrad.backends.numpy_backend import compile_numpy
from whygrad.core.circuit import Circuit
from whygrad.core.cost import Cost
from whygrad.core.derivation import Derivation
from whygrad.core.document import Document, Rows
from whygrad.core.errors import UsageError
from whygrad.core.expr import Expr, Index, Partial, Symbol
from whygrad.core.report import Report
from whygrad.engine.circuit_graph import circuit as make_circuit
from whygrad.engine.narrate import cost_blocks
from whygrad.lower.lower import lower
from whygrad.show.circuit import circuit_svg
from whygrad.show.html import to_html
from whygrad.show.latex import to_latex
from whygrad.show.mathml import to_mathml
from whygrad.show.page_style import STYLE_SHEET
from whygrad.show.text import to_text
from whygrad.teach.files import library
from whygrad.teach.steps import Shown, shown_steps

Bundle = dict[str, str]


# --- how results look ---------------------------------------------------------------------------


def fragment(made: Document) -> str:
    """A document as part of a page: its own colours and sizes, nothing of the page around it."""
    body = to_html(made).partition("<main>")[2].partition("</main>")[0]
    return f'<div class="whygrad"><style>{_scoped()}</style>{body}</div>'


def _scoped() -> str:
    """The page's style sheet, for what is inside ``.whygrad`` only (CSS nesting)."""
    sheet = STYLE_SHEET
    roots = sheet.partition("*{box-sizing")[0].replace(":root", ".whygrad")
    rules = "*{box-sizing" + sheet.partition("*{box-sizing")[2]
    inner = rules.replace("html{color-scheme:light dark;-webkit-text-size-adjust:100%}", "")
    inner = inner.replace("body{margin:0;", "&{padding:1px 1rem 1rem;border-radius:6px;", 1)
    before, _, after = inner.partition("main{max-width:62rem;")
    inner = before + after.partition("}")[2] if after else inner
    inner = inner.partition("@media print")[0] + _AGAINST_HOSTS
    return f"{roots.partition('@media print')[0]}.whygrad{{{inner}}}"


_CELL: Final = 1100.0
"""How wide a circuit may be, so that it can be read in the column of a notebook."""
_AGAINST_HOSTS: Final = """
table{table-layout:auto;border:0;font-size:inherit;margin-left:0;color:inherit}
table td,table th,table tr{border:0;max-width:none;color:inherit}
table tr,table tbody tr:nth-child(n),table tr:hover{background:none}
table.data th{border-bottom:1px solid var(--ink)}
table.data td{border-bottom:1px solid var(--rule)}
h1,h2,h3,p{color:inherit}
p.aside{color:var(--quiet)}
"""
"""What Jupyter and Colab say about tables and headings of their own, unsaid."""


def bundle(result: Any) -> Bundle | None:
    """What a notebook may show of a result: text, HTML with MathML, LaTeX, SVG; None if it is none of ours.

    Examples
    --------
    >>> sorted(bundle(api.derive("logistic", "w")))
    ['text/html', 'text/latex', 'text/plain']
    >>> sorted(bundle(api.circuit("logistic")))
    ['image/svg+xml', 'text/html', 'text/plain']
    """
    match result:
        case Circuit():
            svg = circuit_svg(result, widest=_CELL)
            return {
                "text/plain": f"<circuit of {result.title or result.name}: {len(result.nodes)} nodes>",
                "image/svg+xml": svg,
                "text/html": f'<div style="overflow-x:auto">{svg}</div>',
            }
        case Cost():
            made = Document(tuple(cost_blocks(result)), result.scope, result.title)
            return {"text/plain": api.render(made), "text/html": fragment(made)}
        case Derivation():
            made = api.document(result)
            lines = " \\\\\n".join(
                f"{to_latex(Partial(_goal(result), p.wrt), made.scope)} &= {to_latex(p.result, made.scope)}"
                for p in result.parameters
            )
            latex = f"$$\\begin{{aligned}}\n{lines}\n\\end{{aligned}}$$"
            return {"text/plain": api.render(made), "text/html": fragment(made), "text/latex": latex}
        case Expr():
            plain = to_text(result)
            return {
                "text/plain": plain,
                "text/html": to_mathml(result, block=True),
                "text/latex": f"$${to_latex(result)}$$",
            }
        case Document():
            return {"text/plain": api.render(result), "text/html": fragment(result)}
        case _ if isinstance(result, Report) or callable(getattr(result, "document", None)):
            made = api.document(result)
            return {"text/plain": api.render(made), "text/html": fragment(made)}
        case _:
            return None


def _goal(derivation: Derivation) -> Expr:
    return Symbol(derivation.cost.goal)


SHOWN: Final = (
    "whygrad.core.cost.Cost",
    "whygrad.core.derivation.Derivation",
    "whygrad.core.circuit.Circuit",
    "whygrad.core.document.Document",
    "whygrad.core.report.Report",
    "whygrad.train.fit.Fit",
    "whygrad.train.predict.Predictions",
    "whygrad.engine.compare.Comparison",
)
"""What shows itself; by name, so that nothing is loaded for it."""


def load_ipython_extension(shell: Any) -> None:
    """Register displays and the magic with an IPython shell."""
    formatter = shell.display_formatter.mimebundle_formatter
    for name in SHOWN:
        module, _, kind = name.rpartition(".")
        formatter.for_type_by_name(module, kind, _formatted)
    shell.register_magic_function(_cell_magic(shell), "cell", "whygrad")


def _formatted(result: Any, *_: Any, **__: Any) -> Bundle | None:
    return bundle(result)


# --- %%whygrad check ----------------------------------------------------------------------------


def _cell_magic(shell: Any) -> Callable[[str, str], Any]:
    def whygrad(line: str, cell: str) -> Any:
        """Judge the lines of a cell: ``%%whygrad check --cost logistic --wrt b``."""
        return run_cell(line, cell, shell.user_ns)

    return whygrad


def run_cell(line: str, cell: str, known: Mapping[str, Any]) -> Report | Derivation:
    r"""What ``%%whygrad`` does with a cell.

    Parameters
    ----------
    line
        ``check [--cost COST] [--wrt NAME] [--hint]``, or ``derive [--wrt NAME]`` for a cell that holds
        a cost.
    cell
        The text below it; a # begins a comment.
    known
        The notebook's names: COST may be one of them.

    Examples
    --------
    >>> run_cell("check --cost logistic", "∂f_i/∂z_i\n= f_i (1 - f_i)", {}).verdicts
    ('equal',)
    """
    words = shlex.split(line)
    options: dict[str, str] = {}
    flags = {"--hint"}
    rest = words[1:]
    while rest:
        option = rest.pop(0)
        if option in flags:
            options[option] = "yes"
        elif option in ("--cost", "--wrt") and rest:
            options[option] = rest.pop(0)
        else:
            raise _usage(f"{option} is not understood")
    lines = "\n".join(part.split("#", 1)[0].rstrip() for part in cell.splitlines()).strip()
    match words[:1]:
        case ["check"]:
            named = options.get("--cost")
            cost = known.get(named, named) if named is not None else None
            return api.check(lines, cost=cost, wrt=options.get("--wrt", ""), hint="--hint" in options)
        case ["derive"]:
            return api.derive(lines, options.get("--wrt"))
        case _:
            raise _usage("the verb is missing")


def _usage(what: str) -> UsageError:
    return UsageError("error/usage", what, fix="%%whygrad check --cost logistic --wrt b")


# --- numbers ------------------------------------------------------------------------------------


def evaluator(cost: str | Cost) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    r"""The program that whygrad runs for a cost and its gradients, safe for large numbers.

    Returns
    -------
    A function of the arrays by name (data, parameters, constants) that gives the cost under the name of
    its goal and the gradient under the name of each parameter.

    Examples
    --------
    >>> evaluate = evaluator("param w\nJ = (w - 3)^2")
    >>> {name: float(value) for name, value in evaluate({"w": 1.0}).items()}
    {'J': 4.0, 'w': -4.0}
    """
    loaded = api.load_cost(cost)
    made = make_circuit(loaded)  # without a derivation: formulas written out, nothing proved
    outputs: dict[str, Expr] = {made.goal_name.name: made.goal_name}
    axes: dict[str, tuple[Index, ...]] = {}
    for result in made.results:
        assert isinstance(result.left, Partial)
        wrt = result.left.wrt
        outputs[wrt.name] = result.value
        axes[wrt.name] = tuple(i for i in wrt.indices if isinstance(i, Index))
    run = compile_numpy(lower(outputs, made.scope, axes=axes))
    declared = loaded.declarations

    def evaluate(arrays: Mapping[str, Any]) -> dict[str, Any]:
        given: dict[str, Any] = {d.name: float(d.value) for d in declared if d.value is not None}
        given.update(arrays)
        sizes: dict[str, int] = {}
        for d in declared:
            if d.dims and d.name in given:
                sizes.update(zip(d.dims, np.shape(given[d.name]), strict=True))
        return run(given, sizes)

    return evaluate


# --- one step at a time -------------------------------------------------------------------------

_WIDGET: Final = """
function render({ model, el }) {
  const steps = model.get("steps"), words = model.get("words");
  el.innerHTML = `<div class="whygrad explorer" tabindex="0"><style>${model.get("style")}</style>
    <p class="where"></p><div class="scroll shown"></div><p class="reason"></p>
    <details><summary>${words.finer}</summary><div class="scroll finer"></div></details>
    <p><button class="back" aria-label="${words.back}">◀</button>
    <input type="range" min="0" max="${steps.length - 1}" aria-label="${words.step}">
    <button class="next" aria-label="${words.next}">▶</button></p></div>`;
  const find = (name) => el.querySelector(name);
  const show = () => {
    const at = Math.min(Math.max(model.get("at"), 0), steps.length - 1), step = steps[at];
    find(".where").textContent = `${at + 1} / ${steps.length}   ${step.stage}   ${step.rule}`;
    find(".shown").innerHTML = step.before + step.after;
    find(".reason").innerHTML = step.reason;
    find(".finer").innerHTML = step.finer;
    find("details").style.display = step.finer ? "" : "none";
    find("input").value = at;
  };
  const move = (to) => {
    model.set("at", Math.min(Math.max(to, 0), steps.length - 1));
    model.save_changes();
  };
  find(".back").onclick = () => move(model.get("at") - 1);
  find(".next").onclick = () => move(model.get("at") + 1);
  find("input").oninput = (e) => move(Number(e.target.value));
  find(".explorer").onkeydown = (e) => {
    const way = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    if (way && e.target.type !== "range") { move(model.get("at") + way); e.preventDefault(); }
  };
  model.on("change:at", show);
  show();
}
export default { render };
"""
_WIDGET_STYLE: Final = """
.whygrad.explorer{max-width:46rem;outline-offset:2px}
.whygrad .where{color:var(--quiet);font-size:.85rem;white-space:pre}
.whygrad .shown{min-height:6.5rem;font-size:1.1rem}
.whygrad .shown div{margin:.5rem 0}
.whygrad button{font:inherit;padding:.15rem .7rem;border:1px solid var(--rule);border-radius:.3rem;
background:var(--raised);color:var(--ink);cursor:pointer}
.whygrad input{vertical-align:middle;width:16rem;max-width:50%}
"""


def explore(derivation: Derivation, words: Mapping[str, str] | None = None) -> Any:
    """A widget that shows one step at a time, with what it changed pointed out.

    Parameters
    ----------
    derivation
        From :func:`whygrad.derive`.
    words
        Labels for those who do not see the signs: ``finer``, ``back``, ``next``, ``step``.

    Raises
    ------
    UsageError
        If anywidget is not installed.
    """
    anywidget: Any = library("anywidget", "the step explorer")
    traitlets: Any = library("traitlets", "the step explorer")
    colab = sys.modules.get("google.colab")
    if colab is not None:  # Colab shows widgets of others only when asked to
        colab.output.enable_custom_widget_manager()  # pyright: ignore

    class Explorer(anywidget.AnyWidget):  # pyright: ignore
        """One step at a time."""

        _esm = _WIDGET
        steps = traitlets.List().tag(sync=True)
        words = traitlets.Dict().tag(sync=True)
        style = traitlets.Unicode().tag(sync=True)
        at = traitlets.Int(0).tag(sync=True)

    labels = {"finer": "smaller steps", "back": "back", "next": "next", "step": "step"}
    return Explorer(
        steps=[_step_html(s) for s in shown_steps(derivation)], words={**labels, **(words or {})},
        style=_scoped() + _WIDGET_STYLE,
    )  # fmt: skip


def _step_html(step: Shown) -> dict[str, str]:
    """One step for the widget."""
    scope = step.scope
    before = to_mathml(step.before, scope, marks=step.changed_before, block=True)
    after = to_mathml(step.after, scope, marks=step.changed_after, block=True)
    left = to_mathml(step.left, scope, block=True)
    equals = "<math><mo>=</mo></math>"
    finer = "" if not step.finer.rows else fragment_rows(step.finer, step)
    return {
        "stage": step.stage,
        "rule": step.rule,
        "before": f"<div>{left} {equals} {before}</div>",
        "after": f"<div>{equals} {after}</div>",
        "reason": "".join(to_mathml(p, scope) if isinstance(p, Expr) else p for p in step.reason),
        "finer": finer,
    }


def fragment_rows(rows: Rows, step: Shown) -> str:
    """Rows as HTML without a style sheet of their own."""
    body = to_html(Document((rows,), step.scope))
    return body.partition("<main>")[2].partition("</main>")[0]


def _register_here() -> None:
    """Register with the shell that imports this, if there is one."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None  # pyright: ignore
    if shell is not None and hasattr(shell, "display_formatter"):
        load_ipython_extension(shell)


_register_here()
