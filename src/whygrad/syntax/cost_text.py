"""The text of a cost to a :class:`~whygrad.core.cost.Cost`, in any of its notations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from whygrad.core.cost import Cost, Declaration
from whygrad.core.errors import LanguageError, NotScalarError, WhygradError
from whygrad.core.walk import names
from whygrad.syntax.context import Context, near_names
from whygrad.syntax.cost_latex import imply, limits, parse_drafts, settle_heads, take_apart
from whygrad.syntax.declare import Declared, Line
from whygrad.syntax.define import define
from whygrad.syntax.infer import Body, assign_sizes, settle, undeclared, usual_declarations
from whygrad.syntax.lines import Head, equals_at, is_declaration, read_head, split_lines
from whygrad.syntax.node import changed
from whygrad.syntax.parser import Parser
from whygrad.syntax.surface import Num, Surface, replace_names
from whygrad.syntax.tokens import Token, check_size
from whygrad.syntax.tokens_latex import is_latex
from whygrad.syntax.tokens_plain import tokenize
from whygrad.syntax.vocabulary import Vocabulary


def read_cost(
    text: str, *, name: str = "", title: str = "", constants: Mapping[str, Fraction] | None = None
) -> Cost:
    """Read a cost: declarations and definitions, the last of which is the number to minimise.

    Parameters
    ----------
    text
        Lines in index form, array form or LaTeX.
    name, title
        What the cost is called; the title defaults to nothing.
    constants
        Values for declared constants.

    Returns
    -------
    Cost
        With the readings made of what could be read in several ways.

    Raises
    ------
    LanguageError
        If it cannot be read, with the place, the reason and the way out.
    ShapeError
        If indices or shapes do not fit.
    NotScalarError
        If the last definition is not a number.
    BudgetError
        If it is nested too deeply.

    Examples
    --------
    >>> cost = read_cost('''
    ... data  x[i,j], y[i] in {0,1}
    ... param w[j], b
    ... z[i] = sum_j w[j] x[i,j] + b
    ... L[i] = (y[i] - z[i])^2
    ... J = mean_i L[i]
    ... ''')
    >>> cost.goal, cost.dims, [d.name for d in cost.definitions]
    ('J', ('m', 'n'), ['z', 'L', 'J'])
    """
    check_size(text)
    try:
        cost = _read(text, name, title)
        return cost if constants is None else set_constants(cost, constants)
    except WhygradError as error:
        error.source = error.source or text
        raise


def _read(text: str, name: str, title: str) -> Cost:
    if is_latex(text):
        return _read_latex(text, name, title)
    tokens, notes = tokenize(text)
    declared: list[Declared] = []
    drafts: list[tuple[Head, list[Token]]] = []
    lines = split_lines(tokens)
    for k, line in enumerate(lines):
        if is_declaration(line):
            declared.extend(Line(line, text).declarations())
        else:
            last = all(is_declaration(later) for later in lines[k + 1 :])
            drafts.append(_split(line, text, drafts, last=last))
    check_names(declared, [head for head, _ in drafts], text)
    known = {one.name for one in declared}
    for k, (head, line) in enumerate(drafts):
        # J(w, b) of declared names is no function: it says what J depends on.
        if head.arguments and all(a.text in known for a in head.arguments):
            drafts[k] = changed(head, arguments=()), line
    called = {head.name for head, _ in drafts if head.arguments}
    words = Vocabulary({*known, *(head.name for head, _ in drafts)} - called, called)
    bodies = [_body(head, line, text, words) for head, line in drafts]
    return assemble(text, name, title, declared, bodies, Context(text, words), notes)


def _read_latex(text: str, name: str, title: str) -> Cost:
    source = take_apart(text)
    if not source.drafts:
        return assemble(text, name, title, source.declared, [], Context(text, Vocabulary()))
    heads = [Head(draft.name, draft.span) for draft in source.drafts]
    check_names(source.declared, heads, text)
    params = settle_heads(source, text)
    bodies, words = parse_drafts(source, text, params)
    context = Context(text, words, latex=True)
    missing = undeclared(bodies, [one.name for one in source.declared], context)
    sizes = limits(bodies, source.declared)
    missing = {k: v for k, v in missing.items() if k not in sizes.values()}
    declared = list(source.declared)
    for one, how in imply(missing, bodies, params):
        declared.append(one)
        context.say(one.name, how, one.span)
    return assemble(text, name, title, declared, bodies, context, source.notes, sizes)


def _split(
    line: list[Token], text: str, drafts: Sequence[tuple[Head, list[Token]]], *, last: bool
) -> tuple[Head, list[Token]]:
    """The left-hand side and the right-hand side of a line."""
    at = equals_at(line)
    if at is None:
        if not last:
            raise LanguageError(
                "error/syntax",
                "this line neither declares nor defines",
                fix="write `name = ...`, or begin with data, param or const",
                source=text,
                span=line[0].span.to(line[-1].span),
            )
        taken = {head.name for head, _ in drafts}
        goal = next(n for n in ("J", "cost", "J_total", "J_goal") if n not in taken)
        return Head(goal, line[0].span.to(line[-1].span)), line
    if at == 0 or at == len(line) - 2:
        side = "left" if at == 0 else "right"
        raise LanguageError(
            "error/syntax",
            f"nothing stands {side} of '='",
            fix="write `name = formula`",
            source=text,
            span=line[at].span,
        )
    return read_head(line[:at], text), line[at + 1 :]


def check_names(declared: list[Declared], heads: list[Head], text: str) -> None:
    """No name is declared or defined twice; single positions (``h[1] = ...``) are parts of a name."""
    heads = [head for head in heads if all(t.kind == "name" for t in head.indices)]
    seen: dict[str, str] = {}
    places = [(one.name, one.span, "declared") for one in declared]
    places += [(head.name, head.span, "defined") for head in heads]
    for name, span, how in places:
        if name in seen:
            raise LanguageError(
                "error/defined-twice",
                f"{name} is already {seen[name]}",
                fix="use another name, or remove one of the two lines",
                source=text,
                span=span,
            )
        seen[name] = how


def _body(head: Head, line: list[Token], text: str, words: Vocabulary) -> Body:
    fixed = {token.text for token in head.indices if token.kind == "name"}
    arguments = tuple(token.text for token in head.arguments)
    inner = Vocabulary(words.declared | set(arguments), words.called) if arguments else words
    surface = Parser(line, text, inner, fixed=fixed).whole()
    letters = tuple((token.text, token.span) for token in head.indices if token.kind == "name")
    numbers = [(k, token) for k, token in enumerate(head.indices) if token.kind == "number"]
    if len(numbers) > 1 or (numbers and not numbers[0][1].text.isdigit()):
        raise LanguageError(
            "error/syntax",
            f"{head.name} is defined at one position only",
            fix=f"define it for letters: {head.name}[i,j] = ...",
            source=text,
            span=head.span,
        )
    step = (numbers[0][0], int(numbers[0][1].text)) if numbers else None
    return Body(head.name, head.span, letters, arguments, surface, step)


def assemble(
    text: str,
    name: str,
    title: str,
    declared: list[Declared],
    bodies: list[Body],
    context: Context,
    notes: Sequence[str] = (),
    sizes: Mapping[str, str] | None = None,
) -> Cost:
    """Declarations and read definitions to a cost."""
    if not bodies:
        raise LanguageError(
            "error/no-cost",
            "the text declares names and defines nothing" if declared else "the text is empty",
            fix="add the cost as the last line: J = ...",
            source=text,
            span=declared[-1].span if declared else None,
        )
    missing = undeclared(bodies, [one.name for one in declared], context)
    if not context.latex:
        declared = [*declared, *usual_declarations(missing, context)]
    missing = {k: v for k, v in missing.items() if all(one.name != k for one in declared)}
    taken = {one.name for one in declared} | {body.name for body in bodies}
    assign_sizes(declared, missing, taken, context, sizes)
    bodies = [*settled_sizes(declared, bodies, context)]
    for one in declared:
        context.declarations[one.name] = settle(one, context)
    context.later = {body.name for body in bodies}
    for body in bodies:
        for definition in define(body, context):
            context.definitions[definition.name] = definition
            context.sizes.update(definition.dims)
    goal = _goal(bodies[-1], context)
    _drop_unused_wholes(context)
    return Cost(
        name,
        title,
        tuple(context.declarations.values()),
        tuple(context.definitions.values()),
        goal,
        tuple(context.readings),
        text,
        tuple(note for note in notes if note),
    )


def _drop_unused_wholes(context: Context) -> None:
    """A name given step by step is a name for all steps only where it is used as one."""
    used = frozenset[str]().union(*(names(d.body) for d in context.definitions.values()))
    for name in context.steps:
        if name not in used:
            del context.definitions[name]


def settled_sizes(declared: list[Declared], bodies: Sequence[Body], context: Context) -> Iterable[Body]:
    """A size that a ``const T = 4`` of the same name gives a value is that number everywhere."""
    used = {dim for one in declared for dim in one.dims or ()} | set(context.letters.values())
    known = {
        one.name: one
        for one in declared
        if one.name in used and one.kind == "const" and one.value is not None and not one.dims
    }
    numbers: dict[str, str] = {}
    for name, one in known.items():
        if one.value is None or one.value.denominator != 1 or one.value < 1:
            raise LanguageError(
                "error/domain",
                f"{name} is a size, and {one.value} is not a whole number from 1",
                fix=f"write const {name} = 4",
                source=context.source,
                span=one.span,
            )
        numbers[name] = str(one.value.numerator)
        context.say(name, f"{one.value} positions", one.span)
    for one in declared:
        one.dims = tuple(numbers.get(dim, dim) for dim in one.dims or ())
    for letter, dim in context.letters.items():
        context.letters[letter] = numbers.get(dim, dim)
    context.sizes.difference_update(numbers)
    context.sizes.update(numbers.values())
    if not numbers:
        return bodies
    given: dict[str, Surface] = {
        name: Num(Fraction(int(value)), False, known[name].span) for name, value in numbers.items()
    }
    return (changed(body, surface=replace_names(body.surface, given)) for body in bodies)


def _goal(last: Body, context: Context) -> str:
    """The name of the cost: the last definition, which must be a number."""
    definition = context.definitions.get(last.name)
    if definition is None:
        raise LanguageError(
            "error/no-cost",
            f"the last line gives one position of {last.name}",
            fix=f"add the line for all positions, and the cost: {last.name}[t] = ... {last.name}[t-1]",
            source=context.source,
            span=last.span,
        )
    if definition.is_function:
        arguments = ", ".join(definition.parameters)
        raise LanguageError(
            "error/no-cost",
            f"the last line defines the function {last.name}({arguments})",
            fix=f"add the cost below it: J = mean_i {last.name}(...)",
            source=context.source,
            span=last.span,
        )
    if definition.dims:
        letters = [i.letter for i in definition.indices]
        advice = f"mean_{letters[0]} {last.name}[{','.join(letters)}]" if letters else f"mean({last.name})"
        goal = "J" if last.name != "J" else "C"
        raise NotScalarError(
            "error/not-scalar",
            f"{last.name} has {len(definition.dims)} index, and a cost is one number"
            if len(definition.dims) == 1
            else f"{last.name} has {len(definition.dims)} indices, and a cost is one number",
            fix=f"add a line: {goal} = {advice}",
            source=context.source,
            span=last.span,
        )
    return last.name


def set_constants(cost: Cost, values: Mapping[str, Fraction]) -> Cost:
    """The cost with constants given values, checked against their domains.

    Raises
    ------
    LanguageError
        If a name is no constant, or the value lies outside its domain.
    """
    known = {d.name: d for d in cost.declarations}
    for name, value in values.items():
        declaration = known.get(name)
        if declaration is None or declaration.kind != "const" or declaration.dims:
            constants = [d.name for d in cost.declarations if d.kind == "const" and not d.dims]
            near = near_names(name, constants) or constants
            raise LanguageError(
                "error/unknown-name",
                f"{name} is not a constant of this cost",
                fix=f"its constants are {', '.join(near)}" if near else "it has no constants",
            )
        problem = outside(declaration, value)
        if problem:
            raise LanguageError(
                "error/domain",
                f"{name} = {value} is not {problem}",
                fix=f"give a value that is {problem}",
            )
    return cost.with_values(values)


def outside(declaration: Declaration, value: Fraction) -> str:
    """Which declared domain a value misses, in words; empty if it fits."""
    for domain in declaration.domains:
        if domain.kind == "finite" and value not in domain.values:
            return "one of " + ", ".join(str(v) for v in domain.values)
        if domain.kind == "integer" and value.denominator != 1:
            return "a whole number"
        low, high = domain.low, domain.high
        if low is not None and not (value > low or (value == low and domain.closed[0])):
            return f">= {low}" if domain.closed[0] else f"> {low}"
        if high is not None and not (value < high or (value == high and domain.closed[1])):
            return f"<= {high}" if domain.closed[1] else f"< {high}"
    return ""
