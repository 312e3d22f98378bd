"""A line that is right if only something more were known: labels, symmetry.

People leave out that y is 0 or 1, that the labels of the classes add up to 1, that a matrix is
symmetric. Where that alone would make a refuted line right, the line is not accused: the report says
which words settle it. That labels of a cross-entropy add up to 1 is taken as said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Final

from whygrad.core.cost import Declaration, Domain, Scope
from whygrad.core.derivation import Evidence
from whygrad.core.expr import ZERO, Add, Call, Cases, Compare, Expr, Mul, Reduce, Symbol, neg
from whygrad.core.report import Pair
from whygrad.core.walk import names, postorder, substitute
from whygrad.engine.check_judge import Case, Judge
from whygrad.engine.check_settle import declaration as declared_line
from whygrad.meaning.conditions import formula
from whygrad.syntax.people.chain import Read
from whygrad.syntax.people.resolve import Val

_LABELS: Final = ("y", "t", "Y", "T")
_SHARES: Final = ("y", "t", "p", "q", "Y", "T", "P", "Q")
_SYMMETRIC: Final = frozenset("Sigma Lambda Omega S K H P Q D C V".split())
"""Letters of covariances, kernels, Hessians, weights: mostly symmetric. Of an A nobody knows."""
_BITS: Final = Domain("finite", (Fraction(0), Fraction(1)))
_SIGNS: Final = Domain("finite", (Fraction(-1), Fraction(1)))


def given_more(read: Read, before: Val, after: Val, case: Case, found: Pair) -> Pair:
    """The verdict of a refuted pair, unless more that people leave unsaid makes it right."""
    for words, taken_as_said, line, scope in _more(read, before, after):
        court = Judge(scope, read.zeros, read.opaque, frozenset(), read.setting.row_gradient)
        again = court.pair(before, after, case)
        if again.verdict != "equal":
            continue
        if taken_as_said:
            return replace(again, notes=(*again.notes, f"taking it that {words}"))
        why = f"right if {words}: say whether that is so"
        return Pair("undecided", Evidence("undecided", why), settles=(line,) if line else ())
    if any(_tells_apart(node) for node in postorder(after.expr)):
        return found  # who writes where it bends means all of it
    court = Judge(read.scope)
    used = court.depends(before.expr) | court.depends(after.expr)
    for words, scope in _branches(read, used):
        court = Judge(scope, read.zeros, read.opaque, frozenset(), read.setting.row_gradient)
        if court.pair(before, after, case).verdict == "equal" and not _nothing(after, court, case):
            return Pair("undecided", Evidence("undecided", f"right where {words}; elsewhere it is not"))
    return found


def _tells_apart(node: Expr) -> bool:
    """Whether a part of a line is about where something bends."""
    return isinstance(node, Compare | Cases) or (isinstance(node, Call) and node.name in {*_BENDING, "sign"})


def _nothing(line: Val, court: Judge, case: Case) -> bool:
    """Whether a line is 0 in a piece: that both are there says nothing."""
    return court.pair(line, Val(ZERO), case).verdict == "equal"


def _more(read: Read, before: Val, after: Val) -> Iterator[tuple[str, bool, str, Scope]]:
    """What might be known besides: in words, whether it goes without saying, as a declaration, the scope."""
    court = Judge(read.scope)
    used = court.depends(before.expr) | court.depends(after.expr)
    for name in sorted(used):
        declaration = read.scope.declarations.get(name)
        if declaration is None or declaration.domains:
            continue
        if name in _SHARES and len(declaration.dims) == 2 and _is_cross_entropy(name, read):
            whole = Domain("simplex", dim=declaration.dims[-1])
            words = f"the {name} of all classes add up to 1"
            yield words, True, *_with(read.scope, declaration, whole)
        if name in _LABELS and len(declaration.dims) <= 1:
            if declaration.dims:
                whole = Domain("simplex", dim=declaration.dims[-1])
                words = f"the {name} of all classes add up to 1"
                yield words, _is_cross_entropy(name, read), *_with(read.scope, declaration, whole)
            yield f"{name} is 0 or 1", False, *_with(read.scope, declaration, _BITS)
            yield f"{name} is -1 or 1", False, *_with(read.scope, declaration, _SIGNS)
        square = len(declaration.dims) == 2 and declaration.dims[0] == declaration.dims[1]
        if square and name.split("_")[0] in _SYMMETRIC:
            yield f"{name} is symmetric", False, *_with(read.scope, declaration, Domain("symmetric"))


def _branches(read: Read, used: frozenset[str]) -> Iterator[tuple[str, Scope]]:
    """The scope with one piece of each definition that bends, and where that piece holds."""
    bent: dict[Expr, None] = {}
    for name in sorted(used):
        definition = read.scope.definitions.get(name)
        if definition is not None:
            nodes = postorder(definition.body)
            bent |= dict.fromkeys(n for n in nodes if isinstance(n, Call) and n.name in _BENDING)
    for node in list(bent)[:4]:
        if not isinstance(node, Call):
            continue
        for words, piece in _pieces(node):
            definitions = {
                name: replace(d, body=substitute(d.body, {node: piece}))
                for name, d in read.scope.definitions.items()
            }
            yield words, Scope(read.scope.declarations, definitions)


_BENDING: Final = frozenset({"max", "min", "abs", "relu"})


def _pieces(node: Call) -> Iterator[tuple[str, Expr]]:
    """What a bending function is on either side, and where."""
    first = node.args[0]
    match node.name:
        case "abs":
            yield f"{formula(first)} > 0", first
            yield f"{formula(first)} < 0", neg(first)
        case "relu":
            yield f"{formula(first)} > 0", first
            yield f"{formula(first)} < 0", ZERO
        case _ if len(node.args) == 2:
            second = node.args[1]
            sign = ">" if node.name == "max" else "<"
            yield f"{formula(first)} {sign} {formula(second)}", first
            yield f"{formula(second)} {sign} {formula(first)}", second
        case _:
            return


def _with(scope: Scope, declaration: Declaration, domain: Domain) -> tuple[str, Scope]:
    """A declaration with a domain: the line that says so, and the scope."""
    changed = replace(declaration, domains=(domain,))
    line = declared_line([declaration], domain)
    return line, Scope({**scope.declarations, declaration.name: changed}, scope.definitions)


def _is_cross_entropy(name: str, read: Read) -> bool:
    """Whether a definition or a line sums the name times a logarithm."""
    bodies: list[Expr] = [d.body for d in read.scope.definitions.values()]
    bodies += [line.value.expr for line in read.lines if line.value is not None]
    for body in bodies:
        for node in postorder(body):
            if isinstance(node, Reduce) and node.op == "sum" and _labels_a_log(name, node):
                return True
    return False


def _labels_a_log(name: str, total: Reduce) -> bool:
    for node in postorder(total.body):
        if isinstance(node, Mul) and any(
            isinstance(f, Symbol) and f.name == name and f.indices[-1:] == (total.index,)
            for f in node.factors
        ):
            inside = (n for f in node.factors if isinstance(f, Add | Call) for n in postorder(f))
            logs = [n for n in inside if isinstance(n, Call) and n.name == "log"]
            if logs and not any("1 -" in str(n) for n in names(logs[0])):
                return True
    return False
