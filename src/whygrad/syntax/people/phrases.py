"""Phrases a reader would say about a formula, understood where they are plain."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from whygrad.core.cost import Domain
from whygrad.syntax.people.vocabulary import FUNCTIONS
from whygrad.syntax.tokens import GREEK_NAMES

_SET: Final = re.compile(r"\\?\{([^{}]*?)\\?\}")
_NUMBER: Final = r"-?\d+(?:\.\d+)?"


@dataclass(slots=True)
class Said:
    """What phrases say: domains and ranks of names, formulas, cases."""

    domains: dict[str, tuple[Domain, ...]] = field(default_factory=dict[str, tuple[Domain, ...]])
    ranks: dict[str, int] = field(default_factory=dict[str, int])
    sizes: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    formulas: list[str] = field(default_factory=list[str])
    equal: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    unequal: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    values: set[str] = field(default_factory=set[str])
    products: set[str] = field(default_factory=set[str])
    called: set[str] = field(default_factory=set[str])
    operators: set[str] = field(default_factory=set[str])
    all_scalar: bool = False
    all_vectors: bool = False
    row: bool = False
    general: bool = False
    """Whether the lines are said to hold for all positions."""
    losses: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    """(name, kind of loss, of what)"""


def understand(phrases: list[str]) -> Said:
    """Everything understood in some phrases."""
    said = Said()
    for phrase in phrases[:200]:
        for part in re.split(r"\s*;\s*", phrase[:500]):
            _one(part.strip(), said)
    return said


_NAME: Final = (
    r"\\?(?:mathbf|boldsymbol|textbf|mathrm|bm|vec)?\{?\\?([A-Za-z]+)\}?(?:_\{?\w+\}?|\^\{?\(?\w+\)?\}?)*"
)


def _name(text: str) -> str:
    return text.strip().lstrip("\\")


_LED_IN: Final = re.compile(
    r"^(?:(?:here|where|with|and|also|assume|assuming|suppose|given)(?:\s+that)?[\s,]+)+", re.IGNORECASE
)


def _one(part: str, said: Said) -> None:
    """One phrase."""
    plain = _LED_IN.sub("", part.strip()).rstrip(".")
    _domain(plain, said)
    _kind(plain, said)
    _case(plain, said)
    _functions(plain, said)
    low = plain.lower()
    if re.search(r"\b(?:every|all|any)\s+(?:[a-z]\b[\s,]*(?:and\s+)?){2,}", low):
        said.general = True
    if re.search(r"\b(as a row|row vector|is a row|numerator layout)\b", low) and re.search(
        r"gradient|derivative|jacobian|layout", low
    ):
        said.row = True
    if "=" in plain and not re.search(r"(!=|\\neq|\\ne\b|≠)", plain):
        for piece in re.split(r",\s+(?=[^=]+=)|\s+and\s+(?=[^=]+=)|\bwhere\b|\bwith\b", plain):
            if _is_formula(piece):
                said.formulas.append(piece.strip())


def _is_formula(text: str) -> bool:
    """Whether a phrase is one formula, without words."""
    words = re.findall(r"(?<![\\A-Za-z])[A-Za-z]{2,}", re.sub(r"\\text\{[^}]*\}", "xxxx", text))
    known = set(FUNCTIONS) | set(GREEK_NAMES) | {"sum"}
    return "=" in text and all(
        w in known or (len(w) <= 3 and not w.islower()) or (len(w) == 2 and w not in _SHORT) for w in words
    )


_SHORT: Final = frozenset("is of in on to at by as be or we if it an no so do".split())


def _domain(part: str, said: Said) -> None:
    """Domains: ``y in {0,1}``, ``0 < p < 1``, ``x > 0``, ``y one-hot``."""
    text = part.replace("\\leq", "<=").replace("\\le ", "<= ").replace("\\geq", ">=").replace("≤", "<=")
    text = text.replace("≥", ">=").replace("\\in", " in ").replace("∈", " in ").replace("\\lt", "<")
    match = re.search(_NAME + r"\s*(?:\bis\s+)?(?:\bin\b|\beither\b)\s*" + _SET.pattern, text)
    if match is not None:
        values = re.findall(_NUMBER, match[2])
        if values and re.fullmatch(r"[\s,\d.\-+\\]*", match[2]):
            found = tuple(sorted({Fraction(v) for v in values}))
            said.domains[_name(match[1])] = (Domain("finite", found),)
    match = re.search(_NAME + r"\s*(?:\bis\s+)?\bin\b\s*([\[(])\s*(-?\d+)\s*,\s*(-?\d+)\s*([\])])", text)
    if match is not None:
        said.domains[_name(match[1])] = (
            Domain(
                "interval",
                low=Fraction(match[3]),
                high=Fraction(match[4]),
                closed=(match[2] == "[", match[5] == "]"),
            ),
        )
    for match in re.finditer(rf"({_NUMBER})\s*(<=?)\s*{_NAME}\s*(<=?)\s*({_NUMBER})", text):
        said.domains[_name(match[3])] = (
            Domain(
                "interval", low=Fraction(match[1]), high=Fraction(match[5]),
                closed=(match[2] == "<=", match[4] == "<="),
            ),
        )  # fmt: skip
    for match in re.finditer(rf"(?<![<=\w]){_NAME}\s*(>=?)\s*({_NUMBER})(?!\s*<)", text):
        said.domains.setdefault(
            _name(match[1]), (Domain("interval", low=Fraction(match[3]), closed=(match[2] == ">=", False)),)
        )
    match = re.search(_NAME + r"\s*(?:is\s+|are\s+)?(?:a\s+)?(?:one[- ]hot)", text)
    if match is not None:
        said.domains[_name(match[1])] = (Domain("onehot"),)
    match = re.search(
        r"\\sum_?\w*\s*" + _NAME + r"\s*=\s*1\b|" + _NAME + r".{0,20}\bsums? to (?:1|one)", text
    )
    if match is not None:
        said.domains.setdefault(_name(match[1] or match[2]), (Domain("simplex"),))
    match = re.search(
        r"\b"
        + _NAME
        + r"\s+(?:is\s+|are\s+)?(?:a\s+)?(?:real\s+)?(?:diagonal\s+)?"
        + r"\(?(symmetric|positive definite|spd|diagonal)\b",
        text,
    )
    if match is not None:
        kind = "symmetric" if match[2] in ("symmetric", "diagonal") and "definite" not in text else "spd"
        said.domains[_name(match[1])] = (Domain(kind),)
    match = re.search(_NAME + r"\s+(?:is\s+|are\s+)?(?:strictly\s+)?positive\b(?!\s+(?:semi)?-?\s*def)", text)
    if match is not None and len(_name(match[1])) < 8:
        said.domains.setdefault(_name(match[1]), (Domain("interval", low=Fraction(0)),))


_KINDS: Final = {
    "scalar": 0, "scalars": 0, "number": 0, "numbers": 0, "constant": 0, "constants": 0,
    "vector": 1, "vectors": 1, "matrix": 2, "matrices": 2,
}  # fmt: skip
_WORD: Final = re.compile(r"\\?[A-Za-z]+(?:_\w+)?|[α-ωΑ-Ω]")
_FILLER: Final = frozenset(
    "is are a an the and bold real column row all both each every plain with of given known fixed here let be"
    " capital sample input output weight square symmetric invertible arbitrary constant any general"
    " size".split()
)


def _kind(part: str, said: Said) -> None:
    """Kinds: ``X is m by n``, ``bold X matrix, bold y, w vectors``, ``scalar``."""
    low = part.lower()
    match = re.search(
        r"\b([A-Za-z])\s+is\s+(?:an?\s+)?\(?([A-Za-z])\s*(?:x|by|×|\\times)\s*([A-Za-z1])\)?", part
    )
    if match is not None:
        said.sizes[match[1]] = (match[2], match[3]) if match[3] != "1" else (match[2],)
        return
    if re.fullmatch(r"(all |everything |only )?(is |are )?(scalars?|real numbers?|numbers?)", low):
        said.all_scalar = True
        return
    if re.fullmatch(r"(all |real |column )*vectors?", low):
        said.all_vectors = True
        return
    if not any(re.search(rf"\b{k}\b", low) for k in _KINDS):
        return
    names: list[str] = []
    for word in re.findall(r"\\?[A-Za-z]+(?:_\w+)?|[,;]", part):
        kind = _KINDS.get(word.lower())
        if kind is not None:
            if names:
                said.ranks.update(dict.fromkeys(names, kind))
                names = []
            else:
                pending = kind
                after = re.search(rf"\b{re.escape(word)}\s+((?:\\?[A-Za-z]\b\s*,?\s*(?:and\s+)?)+)", part)
                if after is not None:
                    found = re.findall(r"\\?([A-Za-z])\b", after[1])
                    said.ranks.update(dict.fromkeys((f for f in found if f != "a"), pending))
        elif (word.lower() in _FILLER and len(word) > 1) or word in ("a", ",", ";"):
            continue
        elif len(word.lstrip("\\")) == 1 or word.lstrip("\\") in GREEK_NAMES:
            names.append(word.lstrip("\\"))
        else:
            names = []


def _case(part: str, said: Said) -> None:
    """``i = j``, ``i != j``: the case a line is about."""
    if len(part) > 80:
        return
    match = re.match(
        r"(?:case\s+|for\s+|when\s+|if\s+|assume\s+)?([a-z])\s*(=|!=|\\neq?|≠)\s*([a-z])\b(?!\()", part
    )
    if match is not None and match[1] != match[3]:
        letters = "ijklmnpqrstabc"
        if match[1] in letters and match[3] in letters:
            (said.equal if match[2] == "=" else said.unequal).append((match[1], match[3]))


def _functions(part: str, said: Said) -> None:
    """``f is the sigmoid``, ``f(x) is the target``, ``D is the derivative in w``, ``A(1-A) is a product``."""
    match = re.search(
        r"\\?([A-Za-z]+)\s+(?:is|=|denotes|means)\s+(?:the\s+)?(?:logistic\s+)?(sigmoid|logistic function)",
        part,
    )
    if match is not None:
        said.formulas.append(f"{match[1]}(u) = sigmoid(u)")
    match = re.search(
        r"\\?([A-Za-zΦ]+)\s+is\s+(?:the\s+)?(?:standard\s+)?(?:normal|[Gg]aussian)\s+"
        r"(?:cdf|CDF|cumulative|distribution function)",
        part,
    )
    if match is not None:
        name = {"Φ": "Phi"}.get(match[1], match[1])
        said.formulas.append(f"{name}(u) = 1/2 (1 + erf(u/sqrt(2)))")
    match = re.search(r"\\?([A-Za-z]+)\s+is\s+(?:the\s+)?(?:ReLU|relu|rectifier)", part)
    if match is not None:
        said.formulas.append(f"{match[1]}(u) = relu(u)")
    match = re.search(
        r"\b([A-Za-z])\([A-Za-z,\s]+\)\s+is\s+(?:the|a)\s+(?:target|label|true|value|data|known|constant)",
        part,
    )
    if match is not None:
        said.values.add(match[1])
    match = re.search(r"\\?([A-Za-z]+)[A-Za-z_{}^]*\([^)]*\)?\(?\s+is\s+a\s+product", part)
    if match is not None:
        said.products.add(match[1])
    match = re.search(
        r"\b([A-Z])\s+(?:is|denotes|means)\s+(?:the\s+)?(?:derivative|gradient|differential|Jacobian)", part
    )
    if match is not None:
        said.operators.add(match[1])
    match = re.search(
        r"\b([A-Za-z])\s+(?:is\s+)?any\s+(?:smooth\s+|differentiable\s+)?function\b(?!\s+of)", part
    )
    if match is not None:
        said.called.add(match[1])
    match = re.search(
        r"\\?([A-Za-z]+)\s+is\s+(?:the\s+)?(logistic loss|log loss|binary cross[- ]entropy|cross[- ]entropy"
        r"|squared error|squared loss|square loss)(?:\s+(?:of|for)\s+\\?([A-Za-z]+))?",
        part,
    )
    if match is not None:
        said.losses.append((match[1], match[2], match[3] or ""))
