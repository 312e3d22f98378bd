"""The verbs: what the command line and ``import whygrad as wg`` call.

Heavy rooms (fitting, files) are loaded by the verb that needs them, here and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from whygrad import costs
from whygrad.core.circuit import Circuit, Parts
from whygrad.core.cost import Cost, Scope
from whygrad.core.derivation import Derivation, Route
from whygrad.core.document import Block, Callout, Code, Document, Heading, Sentence, Table
from whygrad.core.error_pages import ERRORS
from whygrad.core.errors import OpenSizeError, UsageError, WhygradError
from whygrad.core.report import Report
from whygrad.engine import why as why_engine
from whygrad.engine.check import check_chain, check_record, check_text
from whygrad.engine.check_cost import cost_context
from whygrad.engine.circuit_graph import circuit as circuit_engine
from whygrad.engine.derive import derive as derive_engine
from whygrad.engine.evaluate import read_value, with_evaluation
from whygrad.engine.narrate import Level, cost_blocks, narrate
from whygrad.engine.report_doc import report_document
from whygrad.engine.serialise import derivation_to_json
from whygrad.engine.small_steps import with_small_evidence
from whygrad.rules.table import RULES
from whygrad.show.circuit import circuit_svg
from whygrad.show.json_doc import document_to_json
from whygrad.show.render import render as render_document
from whygrad.syntax.cost_text import read_cost, set_constants
from whygrad.syntax.expression import read_expr
from whygrad.syntax.people.chain import Chain
from whygrad.syntax.people.layout import notebook_text

if TYPE_CHECKING:
    from whygrad.engine.compare import Comparison
    from whygrad.engine.marking import Marked
    from whygrad.engine.pairs import Pairing
    from whygrad.interop.audit.audit import Audit
    from whygrad.train.compiled import Compiled
    from whygrad.train.fit import Fit
    from whygrad.train.predict import Predictions

Note = Callable[[str], None]
Format = Literal["text", "latex", "markdown", "html", "json"]


def load_cost(
    text: str | Cost,
    *,
    constants: Mapping[str, str | float | Fraction] | None = None,
    note: Note | None = None,
) -> Cost:
    """A cost by gallery name, from a file, or from the text itself.

    Parameters
    ----------
    text
        A gallery name, else an existing path, else the text.
    constants
        Values for the cost's constants: ``{"lambda": "0.1"}``.
    note
        Told what was taken, when it could be something else.

    Returns
    -------
    Cost

    Raises
    ------
    LanguageError
        If the text cannot be read.

    Examples
    --------
    >>> load_cost("logistic").title
    'Logistic regression'
    """
    if isinstance(text, Cost):
        return set_constants(text, _fractions(constants or {}))
    values = _fractions(constants or {})
    try:
        cost = _read(text, note)
        kept = {name: value for name, value in values.items() if name in cost.dims}
        cost = _with_sizes(text, note, kept) if kept else cost
    except OpenSizeError as error:  # a recurrence is read only when its size is a number
        if error.size not in values:
            raise
        kept = {error.size: values[error.size]}
        cost = _with_sizes(text, note, kept)
    return set_constants(cost, {name: value for name, value in values.items() if name not in kept})


def _with_sizes(text: str, note: Note | None, sizes: Mapping[str, Fraction]) -> Cost:
    """The cost with sizes given as numbers: each by a line of its own below the text."""
    lines = "".join(f"\nconst {name} = {value}" for name, value in sizes.items())
    return _read(text, note, lines)


def _read(text: str, note: Note | None, more: str = "") -> Cost:
    stripped = text.strip()
    if stripped in costs.names():
        if note is not None and Path(stripped).exists():
            note(f"{stripped} is the gallery's cost; for the file write ./{stripped}")
        source = costs.text(stripped)
        return _with_header(source + more, stripped)
    if "\n" not in stripped and len(stripped) < 1024 and _is_file(stripped):
        if note is not None and "=" in stripped:
            note(f"{stripped} was read as a file")
        return _with_header(_file(Path(stripped)) + more, Path(stripped).stem)
    if _looks_like_name(stripped):
        known = costs.names()
        near = why_engine.near(stripped, known)
        fix = f"did you mean {near}?" if near else f"the gallery has {', '.join(known)}"
        raise UsageError("error/unknown-id", f"{stripped} is no gallery name and no file", fix=fix)
    return _with_header(text + more, "")


def _looks_like_name(text: str) -> bool:
    return bool(text) and text.replace("-", "").replace("_", "").replace(".", "").replace("/", "").isalnum()


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False


def _file(path: Path) -> str:
    try:
        if path.stat().st_size > 1 << 16:
            raise UsageError(
                "error/too-large", f"{path} has more than 64 kB", fix="a cost is a few lines of text"
            )
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "error/no-file", f"{path} cannot be read: {error}", fix="check the path; the file is UTF-8 text"
        ) from error


def _with_header(source: str, name: str) -> Cost:
    title, notes = costs.header(source)
    cost = read_cost(source, name=name, title=title)
    return replace(cost, notes=notes)


def _fractions(constants: Mapping[str, str | float | Fraction]) -> dict[str, Fraction]:
    return {name: _fraction(name, value) for name, value in constants.items()}


def _fraction(name: str, value: str | float | Fraction) -> Fraction:
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError) as error:
        raise UsageError("error/usage", f"{name}={value} is not a number", fix=f"write {name}=0.1") from error


def derive(
    cost: str | Cost,
    wrt: str | None = None,
    *,
    route: Route = "chain",
    order: int = 1,
    at: Mapping[str, Any] | None = None,
    notation: str = "",
) -> Derivation:
    """Derive the gradient of a cost and keep every step, each one checked.

    Parameters
    ----------
    cost
        A :class:`~whygrad.core.cost.Cost`, a gallery name, a path, or the text.
    wrt
        A parameter; all of them when None.
    route
        ``"chain"``, ``"substitution"`` or ``"backprop"``.
    order
        1: the gradient. 2: the Hessian too, its product with a direction, and what they say.
    at
        Values at which every local derivative is evaluated, ``{"w": 2, "b": 1, "x": 0.5, "y": 1}``;
        lists for several entries or examples, ``{"w": [2, 3], "x": [[0.5, 1.5], [1, 1]]}``.
    notation
        Your own symbols, ``"theta,h,superscript"``; see :func:`whygrad.teach.notation.notation`. The steps
        and rules stay what they are.

    Returns
    -------
    Derivation
        ``result`` has the shape of the parameter.

    Examples
    --------
    >>> from whygrad.show.text import to_text
    >>> d = derive("logistic", "w")
    >>> to_text(d.result, d.cost.scope)
    '1/m Σ_i (f_i − y_i) x_ij'
    """
    if order not in (1, 2):
        raise UsageError("error/usage", f"order {order} cannot be derived", fix="--order 1 or --order 2")
    derivation = derive_engine(load_cost(cost), wrt, route)
    if order == 2:
        from whygrad.engine.curvature import with_hessian  # noqa: PLC0415

        derivation = with_hessian(derivation)
    if at is not None:
        point = {name: read_value(name, value) for name, value in at.items()}
        derivation = with_evaluation(derivation, point)
    if not notation:
        return derivation
    from whygrad.teach.notation import in_own_symbols  # noqa: PLC0415

    return in_own_symbols(derivation, notation)


def document(result: Any, level: Level = "normal", *, folded: bool = True) -> Document:
    """What a result of a verb shows.

    Parameters
    ----------
    result
        A Derivation, a Pairing, a Comparison, a Report, a Fit or Predictions.
    level
        ``"brief"``, ``"normal"`` or ``"full"`` for derivations.
    folded
        Whether the lines of a derivation hold their small steps, each checked; text and LaTeX cannot
        show them, and are made sooner without.
    """
    if isinstance(result, Derivation):
        made = narrate(result, level, name=result.cost.name, folded=folded)
        if result.hessian is not None:
            from whygrad.engine.second_doc import with_second  # noqa: PLC0415

            made = with_second(made, result, level)
        return replace(made, later=partial(_whole_json, result))
    if isinstance(result, Report):
        return report_document(result)
    shown = getattr(result, "document", None)
    if shown is None:
        from whygrad.engine.second_doc import document_of  # noqa: PLC0415

        return document_of(result, level)
    return shown()


def _whole_json(derivation: Derivation) -> dict[str, Any]:
    return derivation_to_json(with_small_evidence(derivation))


def render(made: Document, format: Format = "text", *, width: int = 80, color: bool = False) -> str:
    """A document as text, LaTeX, Markdown, HTML or JSON."""
    if format == "json":
        data = made.later() if made.later is not None else made.data
        return json.dumps(data or document_to_json(made), ensure_ascii=False)
    return render_document(made, format, width=width, color=color)


def why(subject: str, step: str | None = None) -> Document:
    """Open a step, differentiate an expression down to single rules, or show a page.

    Parameters
    ----------
    subject
        A cost with ``step``; an expression such as ``"d/dz (1 + e^(-z))"``; or the id of a rule or an
        error.
    step
        A stage or step of the cost's derivation, e.g. ``"chain.4"``.

    Examples
    --------
    >>> why("derivative/log").title
    'derivative of log'
    """
    if step is not None:
        return _why_step(subject, step)
    subject = subject.strip()
    if subject.startswith("mistake/"):
        from whygrad.engine.diagnose_page import mistake_page  # noqa: PLC0415  the table of mistakes is large

        return mistake_page(subject)
    if subject in RULES or subject in ERRORS or _is_id(subject):
        return why_engine.page(subject)
    if subject in costs.names():
        ids = [s.id for p in derive(subject).parameters for s in p.stages]
        raise UsageError("error/usage", f"which step of {subject}?", fix=f"whygrad why {subject} {ids[0]}")
    return why_engine.explain(read_expr(subject, open_names=True, lenient=True), Scope())


def _is_id(subject: str) -> bool:
    head, slash, tail = subject.partition("/")
    rooms = {known.split("/")[0] for known in (*RULES, *ERRORS)} | {"mistake"}
    return bool(slash) and head in rooms and bool(tail) and " " not in subject


def _why_step(subject: str, step: str) -> Document:
    cost = load_cost(subject)
    route = step.split(".", 1)[0]
    if route in ("hessian", "product", "gram"):
        from whygrad.engine.curvature import with_hessian  # noqa: PLC0415

        return why_engine.open_step(with_hessian(derive_engine(cost)), step)
    if route not in ("chain", "substitution", "backprop"):
        raise UsageError(
            "error/unknown-id",
            f"{step} is no step",
            fix="steps look like chain.4, substitution.2.1, backprop.3 or hessian.5",
        )
    return why_engine.open_step(derive_engine(cost, None, route), step)  # pyright: ignore[reportArgumentType]


def gallery(name: str | None = None) -> Document:
    """The named costs, or one of them.

    Examples
    --------
    >>> gallery("logistic").title
    'Logistic regression'
    """
    if name is None:
        rows = tuple(((n,), (costs.header(costs.text(n))[0],)) for n in costs.names())
        blocks: tuple[Block, ...] = (
            Heading(("Gallery",)),
            Table((("name",), ("cost",)), rows),
            Callout("next", ("see one: `whygrad gallery logistic`   derive it: `whygrad derive logistic`",)),
        )
        return Document(blocks, title="Gallery")
    if name not in costs.names():
        raise why_engine.unknown(name, costs.names(), "the gallery has")
    cost = load_cost(name)
    notes = tuple(Sentence((note,)) for note in cost.notes)
    return Document((*cost_blocks(cost), *notes, Code(costs.text(name).rstrip())), cost.scope, cost.title)


def circuit(
    cost: str | Cost, *, parts: Parts = "none", at: Mapping[str, Any] | None = None, notation: str = ""
) -> Circuit:
    """The backprop circuit of a cost: gates, values forward, gradients back.

    Parameters
    ----------
    cost
        A :class:`~whygrad.core.cost.Cost`, a gallery name, a path, or the text.
    parts
        ``"none"``: a gate for each definition; ``"sigmoid"``: σ in its parts; ``"all"``: a gate for
        each operation.
    at
        A value for each name, as for :func:`derive`; then every wire has its numbers.
    notation
        Your own symbols, as for :func:`derive`.

    Examples
    --------
    >>> [wire.stage for wire in circuit("logistic").into("z")]
    ['chain.3', '', 'chain.6']
    """
    loaded = load_cost(cost)
    point = None if at is None else {name: read_value(name, value) for name, value in at.items()}
    derivation = derive_engine(loaded)
    if notation:
        from whygrad.teach.notation import notation as read_notation  # noqa: PLC0415

        own = read_notation(notation, derivation.cost, derivation)
        loaded, derivation = own.of(loaded), own.of(derivation)
        point = None if point is None else own.point(point)
    return circuit_engine(loaded, parts=parts, at=point, derivation=derivation)


def draw(made: Circuit, format: Literal["svg", "png", "pdf"] = "svg", *, steps: bool = False) -> bytes:
    """A circuit as a picture.

    Parameters
    ----------
    made
        From :func:`circuit`.
    format
        ``"svg"``, ``"png"`` or ``"pdf"``; the last two need the extra ``teach``.
    steps
        Number the steps of both passes and list them below.

    Raises
    ------
    UsageError
        If the extra is not installed.

    Examples
    --------
    >>> draw(circuit("logistic"))[:4]
    b'<svg'
    """
    from whygrad.teach.pictures import convert  # noqa: PLC0415

    return convert(circuit_svg(made, steps=steps), format)


def lesson(
    what: str,
    cost: str | Cost,
    out: str | PathLike[str] | None = None,
    *,
    at: Mapping[str, Any] | None = None,
    force: bool = False,
    language: str = "en",
    wrt: str = "",
    route: Route = "chain",
    notation: str = "",
    lines: Level = "normal",
    draft: bool = False,
    height: int = 720,
    fps: int = 30,
    **options: Any,
) -> tuple[Path, ...]:
    """Make a lesson, or a part of it, from a cost.

    Parameters
    ----------
    what
        ``"slides"``, ``"handout"``, ``"video"``, ``"notebook"``, ``"exercises"``, or ``"all"``: everything
        with an index page.
    cost
        A :class:`~whygrad.core.cost.Cost`, a gallery name, a path, or the text.
    out
        A file or a folder.
    at
        Values for the circuit; simple ones are found when none are given.
    force
        Whether existing files are replaced.
    language
        Of the words.
    notation
        Your own symbols; see :func:`whygrad.teach.notation.notation`.
    wrt, route, lines, draft
        Of slides, handout and video; see :class:`whygrad.teach.press.Wish`.
    height, fps
        Of the video: its height in pixels, and frames a second.
    options
        See :class:`whygrad.teach.media.Options`.

    Returns
    -------
    The files that were written. (Not named ``teach``, which is the room that makes them.)
    """
    from whygrad.teach.film import Look  # noqa: PLC0415
    from whygrad.teach.lesson import Lesson  # noqa: PLC0415
    from whygrad.teach.media import Options  # noqa: PLC0415
    from whygrad.teach.media import teach as make  # noqa: PLC0415
    from whygrad.teach.press import Wish  # noqa: PLC0415
    from whygrad.teach.words import words_of  # noqa: PLC0415

    loaded = load_cost(cost)
    point = None if at is None else {name: read_value(name, value) for name, value in at.items()}
    made = Lesson(loaded, loaded.source, words_of(language), point, notation)
    wish = Wish(wrt=wrt, route=route, lines=lines, draft=draft)
    asked = Options(wish=wish, look=Look(height, fps), **options)
    return make(what, made, None if out is None else Path(out), asked, force=force)


def compile(cost: str | Cost, to: str = "numpy", *, name: str = "") -> Compiled | Any:  # noqa: A001  the verb
    """A cost's value and gradient as code that can be read, or called.

    Parameters
    ----------
    cost
        A :class:`~whygrad.core.cost.Cost`, a gallery name, a path, or the text.
    to
        ``"numpy"`` or ``"native"`` (machine code, by llvmlite), which can be called; ``"c"`` or
        ``"javascript"``, which are texts; ``"torch"`` or ``"jax"``, functions that these differentiate by
        the derived gradient; ``"xgboost"`` or ``"lightgbm"``, objectives
        (:class:`whygrad.interop.boosting.Boosting`).
    name
        Of the function; the cost's own without it.

    Returns
    -------
    Compiled
        ``source`` (and for C ``header``) are the texts; the stability rules used stand beside the lines
        they gave their form, the derivation's stages and rules above. It takes the cost's names and
        gives value and gradient by name; ``bind`` takes the data and gives a function of the parameters.

    Examples
    --------
    >>> grad = compile("J = (w x - y)^2")
    >>> result = grad(w=2.0, x=3.0, y=5.0)
    >>> float(result["J"]), float(result["dJ_dw"])
    (1.0, 6.0)
    """
    if to in ("torch", "jax", "xgboost", "lightgbm"):
        from whygrad.interop.targets import compile_for  # noqa: PLC0415

        return compile_for(load_cost(cost), to, name=name)
    from whygrad.train.compiled import compile_cost  # noqa: PLC0415

    return compile_cost(load_cost(cost), to, name=name)


def audit(where: str | PathLike[str], cost: str | Cost) -> Audit:
    """Hold hand-written code against the derivation: right, or what is wrong in words.

    Parameters
    ----------
    where
        ``FILE.py:FUNCTION``. The file is imported, which runs it, in a process of its own with limits on
        time and memory; limits, not a sandbox.
    cost
        The cost that the code should be the gradient (and Hessian) of.

    Returns
    -------
    Audit
        ``right``, ``words`` and ``findings``; ``status`` is 0 or 1.
    """
    from whygrad.interop.audit.audit import audit as run  # noqa: PLC0415

    return run(str(where), load_cost(cost))


def assert_gradient(cost: str | Cost, fn: str | Callable[..., Any]) -> None:
    """For a test: fail where a function is not the gradient (or objective) of a cost.

    Parameters
    ----------
    cost
        A :class:`~whygrad.core.cost.Cost`, a gallery name, a path, or the text.
    fn
        A function of a file, or ``"FILE.py:FUNCTION"``.

    Raises
    ------
    AssertionError
        With what is wrong in words.
    """
    if not isinstance(fn, str):
        code = getattr(fn, "__code__", None)
        if code is None or "<" in fn.__qualname__:
            raise UsageError(
                "error/audit", f"{fn!r} is no function at the top of a file", fix="move it to the top of one"
            )
        fn = f"{code.co_filename}:{fn.__name__}"
    found = audit(fn, cost)
    if not found.right:
        raise AssertionError(f"{fn}: {found.words}")


def fit(cost: str | Cost, data: Any, **options: Any) -> Fit:
    """Train on data; see :func:`whygrad.train.fit.fit`."""
    from whygrad.train.fit import fit as run  # noqa: PLC0415

    return run(load_cost(cost), data, **options)


def predict(model: str | PathLike[str] | Any, data: Any, **options: Any) -> Predictions:
    """Apply a saved model; see :func:`whygrad.train.predict.predict`."""
    from whygrad.train.predict import predict as run  # noqa: PLC0415

    return run(model, data, **options)


def pairs(cost: str | Cost) -> Pairing:
    """Whether ∂L/∂z is c (f − y) for a cost, with the proof and the reason, or which factor is left.

    Examples
    --------
    >>> pairs("logistic").answer, pairs("neuron-tanh-squared").answer
    ('yes', 'factor')
    """
    from whygrad.engine.pairs import pairs as run  # noqa: PLC0415

    return run(load_cost(cost))


def compare(first: str | Cost, second: str | Cost) -> Comparison:
    """Two costs side by side: the same steps, the form they share, and why.

    Examples
    --------
    >>> compare("logistic", "linear").verdict
    'same'
    """
    from whygrad.engine.compare import compare as run  # noqa: PLC0415

    return run(load_cost(first), load_cost(second))


def check(
    lines: str | Sequence[str],
    *,
    context: Sequence[str] = (),
    assumptions: Sequence[str] = (),
    cost: str | Cost | None = None,
    wrt: str = "",
    mode: str = "",
    hint: bool = False,
    ocr: str = "",
) -> Report:
    """Judge a person's own derivation line by line, and name the mistake of the first wrong one.

    Parameters
    ----------
    lines
        The lines, each without its equals sign; or the text as posted, prose and all.
    context
        Definitions as the person wrote them, and declarations: ``"data X: (m, n)"``.
    assumptions
        What a reader would know, in words: ``"y in {0,1}"``.
    cost
        A cost whose definitions are meant: a gallery name, a path, or the text.
    wrt
        What is differentiated by, where the lines do not say.
    mode
        ``"expr"`` (values) or ``"equation"``; found out where it is left away.
    hint
        The report tells the place and a question, not the answer.
    ocr
        A program of yours that reads pictures, ``"program {file}"``: then ``lines`` is the path of one.

    Returns
    -------
    Report

    Examples
    --------
    >>> report = check(["dL/dw", "2 (w x - y)"], context=["L = (w x - y)^2"])
    >>> report.verdicts, report.first_wrong
    (('different',), 1)
    """
    known, phrases = list(context), list(assumptions)
    picture = ""
    if ocr:
        if not isinstance(lines, str):
            raise UsageError("error/usage", "several lines are no picture", fix="give the path of one file")
        from whygrad.syntax.people.picture import read_picture  # noqa: PLC0415  starts processes

        lines = picture = read_picture(lines, ocr)
    if cost is not None:
        written = [lines] if isinstance(lines, str) else list(lines)
        more, said = cost_context(load_cost(cost), written)
        known, phrases = [*more, *known], [*said, *phrases]
    if isinstance(lines, str):
        if lines.lstrip().startswith("{") and '"cells"' in lines:
            lines = notebook_text(lines)
        made = check_text(lines, context=known, assumptions=phrases, wrt=wrt, mode=mode)
    else:
        chain = Chain(tuple(lines), tuple(known), tuple(phrases), wrt, mode or "expr")
        made = check_chain(chain)
    return replace(made, hint_only=hint, picture=picture)


def exercise(cost: str | Cost, wrt: str | None = None) -> str:
    r"""The empty derivation of a cost's gradient, for a learner to fill in and :func:`mark` to mark.

    Examples
    --------
    >>> exercise("data x, y\nparam w\nJ = (w x - y)^2").splitlines()[0]
    '# Derive the derivative of J by w'
    """
    from whygrad.engine.exercise import template  # noqa: PLC0415

    loaded = load_cost(cost)
    return template(loaded, loaded.source, wrt)


def mark(texts: Mapping[str, str], cost: str | Cost | None = None, *, title: str = "") -> Marked:
    """Mark filled-in exercises by name: a table in CSV, and a report for the class.

    Parameters
    ----------
    texts
        What was handed in.
    cost
        What was given out; a submission that gives something else is noted.
    title
        Of the report.

    Returns
    -------
    Marked
        ``csv`` and ``report``, a document.
    """
    from whygrad.engine.marking import mark_texts  # noqa: PLC0415

    return mark_texts(texts, None if cost is None else load_cost(cost), title=title)


def check_records(text: str) -> Iterator[str]:
    """The answers to problems given one JSON object a line, as JSON, one a line.

    Raises
    ------
    UsageError
        If a line is no JSON object.
    """
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            record: Any = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(
                "error/usage", f"line {number} is not JSON: {error}", fix="write one JSON object a line"
            ) from None
        if not isinstance(record, dict):
            raise UsageError(
                "error/usage", f"line {number} is no object", fix='write {"id": ..., "lines": [...]}'
            )
        yield json.dumps(_answer(cast("dict[str, Any]", record)), ensure_ascii=False)


def _answer(record: dict[str, Any]) -> dict[str, Any]:
    try:
        return check_record(record).record()
    except WhygradError as error:  # too large, for one: the others are answered still
        lines = record.get("lines") or ()
        count = max(0, len(lines) - 1) if isinstance(lines, list | tuple) else 0  # pyright: ignore
        undone = {"kind": "undecided", "why": error.reason}
        return {
            "id": str(record.get("id", "")),
            "verdicts": ["unreadable"] * count,
            "first_wrong": None,
            "mistake": None,
            "readings": [],
            "evidence": [undone] * count,
        }


__all__ = [
    "WhygradError",
    "assert_gradient",
    "audit",
    "check",
    "check_records",
    "circuit",
    "compare",
    "compile",
    "derive",
    "document",
    "draw",
    "exercise",
    "fit",
    "gallery",
    "lesson",
    "load_cost",
    "mark",
    "pairs",
    "predict",
    "render",
    "why",
]
