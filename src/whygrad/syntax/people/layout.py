r"""Text to chains: environments, several ``=`` in a line, repeated left-hand sides, prose between.

A text is LaTeX, Markdown with mathematics in it, a notebook, or plain lines. It gives blocks of
mathematics; a block gives rows; rows give chains. What is a definition on its own, or prose, becomes
context.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, cast

from whygrad.syntax.people.separate import separated, without_columns
from whygrad.syntax.people.vocabulary import FUNCTIONS, PROSE
from whygrad.syntax.tokens import GREEK_NAMES, check_size


@dataclass(slots=True)
class Piece:
    """A piece of the text and where it stands."""

    text: str
    start: int

    @property
    def bare(self) -> str:
        """Without what only lays out."""
        return _bare(self.text)


@dataclass(slots=True)
class Laid:
    """A chain as laid out, with what stands around it."""

    lines: list[Piece] = field(default_factory=list[Piece])
    opens: bool = False
    """Whether it began with an equals sign, going on from what stood before."""
    equations: bool = False
    """Whether each line is an equation of its own."""
    aside: bool = False
    """Whether it stands beside another statement in one row: nothing goes on from it."""
    case: str = ""
    """The case it is about, of those the text tells apart: ``i = j``."""


@dataclass(slots=True)
class Page:
    """Everything found in a text."""

    chains: list[Laid] = field(default_factory=list[Laid])
    context: list[str] = field(default_factory=list[str])
    phrases: list[str] = field(default_factory=list[str])
    case: str = ""
    """The case that was named last."""


_DISPLAY: Final = (
    "align align* aligned alignat alignat* eqnarray eqnarray* equation equation* gather gather* gathered"
    " split multline multline* flalign flalign* displaymath math IEEEeqnarray dmath"
).split()
_BEGIN: Final = re.compile(r"\\begin\s*\{([A-Za-z]+\*?)\}|\\eqalign\s*\{|\\displaylines\s*\{")
_FENCES: Final = re.compile(
    r"(?P<env>\\begin\s*\{(?:" + "|".join(re.escape(n) for n in _DISPLAY) + r"|array|cases)\})"
    r"|(?P<eqalign>\\eqalign\s*\{)"
    r"|(?P<code>```(?:math|latex|tex)\s*\n(?P<coded>.*?)```)"
    r"|(?P<dollars>\$\$(?P<display>.+?)\$\$)"
    r"|(?P<bracket>\\\[(?P<shown>.+?)\\\])"
    r"|(?P<paren>\\\((?P<inline>.+?)\\\))"
    r"|(?P<dollar>(?<![\\$])\$(?P<single>[^$\n]{1,2000}?)\$)",
    re.DOTALL,
)


_VERBATIM: Final = re.compile(
    r"\\begin\s*\{(verbatim|lstlisting|minted)\}.*?\\end\s*\{\1\}|\\texttt\s*\{[^{}]*(?:\{\}[^{}]*)*\}",
    re.DOTALL,
)


def read_page(text: str) -> Page:
    r"""Find the chains of a text.

    >>> page = read_page("z = wx + b\n\ndL/dw = (f - y) * dz/dw\n      = (f - y) x")
    >>> [piece.bare for piece in page.chains[0].lines], page.context
    (['dL/dw', '(f - y) * dz/dw', '(f - y) x'], ['z = wx + b'])
    """
    check_size(text)
    page = Page()
    text = _VERBATIM.sub(lambda m: re.sub(r"\S", " ", m[0]), without_columns(_without_boxes(text)))
    blocks = list(_blocks(text, page))
    for block in blocks:
        for laid in chains_of(block):
            _place(laid, page)
    _settle(page)
    return page


_COLOUR: Final = re.compile(r"\{\s*\\color\s*\{[^{}]*\}(?![^{}]*$)")
_BOX: Final = re.compile(r"\\(?:rlap|llap|parbox(?:\s*\[[^\]]*\])?\s*\{[^{}]*\})\s*(?=\{)")


def _without_boxes(text: str) -> str:
    """Blanks in the place of remarks that are set in boxes beside the formulas."""
    at = 0
    while (found := _BOX.search(text, at)) is not None:
        end = _past_braces(text, found.end())
        box = text[found.start() : end]
        wide = re.fullmatch(r"(\\rlap\s*\{\s*\$\s*(?:\\displaystyle)?)(.*)(\$\s*\})", box, re.DOTALL)
        if wide is not None:  # a formula that is too wide for its column
            box = " " * len(wide[1]) + wide[2] + " " * len(wide[3])
        else:
            box = re.sub(r"\S", " ", box)
        text = text[: found.start()] + box + text[end:]
        at = end
    while (found := _COLOUR.search(text)) is not None:  # its braces hold together what is no unit
        end = _past_braces(text, found.start())
        inside = text[found.end() : end - 1]
        text = f"{text[: found.start()]}{' ' * len(found[0])}{inside} {text[end:]}"
    return text


def notebook_text(text: str) -> str:
    r"""The Markdown of a notebook's cells, one after the other, and of its code cells what is no code.

    >>> cells = [{"cell_type": "code", "source": "# d/dw (w x)^2\n# = 2 w x^2"},
    ...          {"cell_type": "code", "source": "import numpy as np"}]
    >>> notebook_text(json.dumps({"cells": cells}))
    'd/dw (w x)^2\n= 2 w x^2'
    """
    try:
        found: Any = json.loads(text)
        cells = cast("list[dict[str, Any]]", found["cells"])
        kinds = [(c.get("cell_type"), _source(c.get("source", ""))) for c in cells]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return text
    texts = [s if kind in ("markdown", "raw") else _without_code(s) for kind, s in kinds]
    return "\n\n".join(s for s in texts if s.strip())


def _without_code(cell: str) -> str:
    """The mathematics of a code cell: comments of a cell that is nothing else, or lines no program holds."""
    lines = [line for line in cell.split("\n") if line.strip()]
    if not lines or lines[0].startswith("%"):
        return ""
    if all(line.lstrip().startswith("#") for line in lines):
        return "\n".join(line.lstrip().lstrip("#").strip() for line in lines)
    try:
        ast.parse(cell)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        program = re.compile(r"^\s*(?:import|from|def|class|for|while|if|return|print|with|try)\b|^\s*[!%]")
        return "" if any(map(program.match, lines)) else cell
    return ""


def _source(source: object) -> str:
    """A cell's text: one string, or one for each line."""
    if isinstance(source, list):
        return "".join(str(line) for line in cast("list[object]", source))
    return str(source)


# --- blocks ---------------------------------------------------------------------------------------
def _blocks(text: str, page: Page) -> Iterator[Piece]:
    """The mathematics of a text, in order; prose goes to the page."""
    at = 0
    any_fence = False
    while (match := _FENCES.search(text, at)) is not None:
        yield from _plain(text, at, match.start(), page, loose=not any_fence)
        any_fence = True
        if match["env"] or match["eqalign"]:
            end = _closing(text, match)
            yield Piece(text[match.start() : end], match.start())
            at = end
            continue
        name = next(n for n in ("coded", "display", "shown", "inline", "single") if match[n] is not None)
        yield Piece(match[name], match.start(name))
        at = match.end()
    yield from _plain(text, at, len(text), page, loose=not any_fence)


def _closing(text: str, match: re.Match[str]) -> int:
    """Where an environment ends."""
    if match["eqalign"]:
        level, k = 0, match.end() - 1
        while k < len(text):
            level += (text[k] == "{") - (text[k] == "}")
            k += 2 if text[k] == "\\" else 1
            if not level:
                break
        return min(k, len(text))
    level, at = 0, match.start()
    for found in re.finditer(r"\\(begin|end)\s*\{[A-Za-z]+\*?\}", text[match.start() :]):
        level += 1 if found[1] == "begin" else -1
        at = match.start() + found.end()
        if not level:
            return at
    return len(text)


def _plain(text: str, start: int, end: int, page: Page, *, loose: bool) -> Iterator[Piece]:
    """Lines outside delimiters: mathematics where they look like it, else prose."""
    at = start
    held: Piece | None = None
    for line in text[start:end].split("\n"):
        here = at
        at += len(line) + 1
        stripped = line.strip()
        if not stripped:
            if held is not None:
                yield held
                held = None
            continue
        clause = _CLAUSE.search(line)
        if clause is not None and line.count("{", 0, clause.start()) > line.count("}", 0, clause.start()):
            clause = None  # the condition of a case
        if clause is not None and _looks_like_mathematics(line[: clause.start()].strip()):
            page.phrases.append(clause["said"].strip(" .,;:"))
            line = line[: clause.start()]
            stripped = line.strip()
        if _looks_like_mathematics(stripped):
            continues = bool(re.match(r"\s*(?:&?\s*=|[-+*/·×]|\\\\|\\end|\\begin)", line)) or (
                held is not None and held.text.rstrip().endswith(("=", "+", "-", "*", "\\\\", "("))
            )
            if held is not None and (continues or _open_environment(held.text)):
                held = Piece(text[held.start : here + len(line)], held.start)
            elif held is not None:
                yield held
                held = Piece(line, here)
            else:
                held = Piece(line, here)
            continue
        if held is not None:
            yield held
            held = None
        named = _CASE_NAMED.search(stripped)
        if named is not None:
            page.case = _case(named)
            continue
        yield from _in_sentence(line, here)
        page.phrases += [
            s.strip() for s in re.split(r"(?<=[.;:!?])\s+|,\s+(?=where|with|and)", stripped) if s.strip()
        ]
    if held is not None:
        yield held


_CLAUSE: Final = re.compile(
    r"[,\s(]\s*(?:with|where|for|if|when|assuming|as)\s+(?P<said>[^=]*[A-Za-z]{2}[^=]*)$"
)
"""Words after a formula that say more about its names."""
_LETTERS: Final = r"(?P<a>[a-z])\s*(?P<op>=|≠|!=|\\neq?(?![a-z]))\s*(?P<b>[a-z])"
_CASE_NAMED: Final = re.compile(
    rf"^\W*(?:for|if|when|case|where|\w*\)?\s*case)\s+{_LETTERS}\W*$", re.IGNORECASE
)
_CASE_ALONE: Final = re.compile(rf"^\s*{_LETTERS}\s*$")


def _case(found: re.Match[str]) -> str:
    """Two positions that are equal, or not."""
    return f"{found['a']} {'=' if found['op'] == '=' else '!='} {found['b']}"


def _open_environment(text: str) -> bool:
    return len(re.findall(r"\\begin\s*\{", text)) > len(re.findall(r"\\end\s*\{", text))


_WORD: Final = re.compile(r"(?<![\\A-Za-z_])[A-Za-z]{2,}(?![A-Za-z_])")
_SIGNS: Final = re.compile(r"[=+*/^_\\−·×∂∑√≠≤≥()\[\]{}|]|(?<=\s)-(?=\s)|-")


def _prose_words(text: str) -> int:
    text = re.sub(r"\\(?:text|mbox|operatorname|mathrm|begin|end|tag|label)\s*\{[^{}]*\}", " ", text)
    count = 0
    for match in _WORD.finditer(text):
        word = match[0]
        low = word.lower()
        if low not in PROSE and _between_signs(text, match.start(), match.end()):
            continue
        if (
            word in FUNCTIONS
            or low in GREEK_NAMES
            or low in ("frac", "partial", "sum", "sqrt", "left", "right")
        ):
            continue
        if low in PROSE or (len(word) > 3 and any(c in "aeiouy" for c in low) and word[1:].islower()):
            count += 1
    return count


def _between_signs(text: str, start: int, end: int) -> bool:
    """Whether a word stands where a name does: ``(pred - target)^2``, ``d loss/dw``."""
    before, after = text[:start].rstrip(), text[end:].lstrip()
    opened = not before or before[-1] in "=+-*/·^(−" or re.search(r"(?:^|[\s(/])[d∂]$", before) is not None
    closed = not after or after[0] in "=+-*/·^)−" or after[:1].isdigit()
    return opened and closed and bool((before and before[-1] != "(") or (after and after[0] != ")"))


_DERIVATIVE_WORDS: Final = re.compile(
    r"^\s*(?:the\s+)?(?:partial\s+)?(?:derivative|gradient)\s+of\b.*=", re.IGNORECASE
)


def _looks_like_mathematics(line: str) -> bool:
    """Whether a line is a formula: signs, and hardly a word of prose."""
    if _DERIVATIVE_WORDS.match(line):
        return True
    signs = len(_SIGNS.findall(line))
    words = _prose_words(line)
    return signs >= 1 and words * 3 <= signs and words <= 2 and not line.startswith(("#", ">", "- [", "!["))


def _in_sentence(line: str, start: int) -> Iterator[Piece]:
    """Formulas with ``=`` inside a sentence without delimiters."""
    if "=" not in line:
        return
    cuts = [0]
    for match in _WORD.finditer(line):
        word = match[0]
        low = word.lower()
        if word in FUNCTIONS or low in GREEK_NAMES:
            continue
        if low in PROSE or (len(word) > 2 and any(c in "aeiouy" for c in low)):
            before = line[max(0, match.start() - 6) : match.start()]
            if low not in PROSE and _between_signs(line, match.start(), match.end()):
                continue
            if before.endswith("\\") or re.search(r"\\text\{$|_\{?$|\^\{?$", before):
                continue
            cuts += [match.start(), match.end()]
    cuts.append(len(line))
    for a, b in zip(cuts[::2], cuts[1::2], strict=False):
        piece = line[a:b].strip(" ,.;:!?")
        level = piece.count("(") - piece.count(")")
        if level or piece.startswith("\\_"):
            continue
        if "=" in piece and len(piece) > 4 and not piece.startswith("=") and not piece.endswith("="):
            yield Piece(piece, start + a + line[a:b].index(piece[:1]))


# --- rows and chains ------------------------------------------------------------------------------
_ENV: Final = re.compile(
    r"\\(?:begin|end)\s*\{(?:" + "|".join(re.escape(n) for n in _DISPLAY) + r")\}(?:\s*\{\d+\})?"
)


def chains_of(block: Piece) -> list[Laid]:
    r"""The chains of one block of mathematics.

    >>> laid = chains_of(Piece(r"\begin{align} L &= a + b \\ &= b + a && \text{swap} \end{align}", 0))
    >>> [piece.bare for piece in laid[0].lines]
    ['L', 'a + b', 'b + a']
    """
    done: list[Laid] = []
    now: Laid | None = None
    for row, beside in _statements(block):
        segments, opens = _segments(row)
        if not segments:
            continue
        if beside and not opens:
            done.append(Laid(segments, opens, aside=True))
            continue
        broken = now is not None and (
            _continues(segments[0].bare) or now.lines[-1].bare.endswith(("+", "-", "*", "cdot", "times", "("))
        )
        if now is not None and not opens and broken:
            last = now.lines[-1]
            now.lines[-1] = Piece(f"{last.text} {segments[0].text}", last.start)
            now.lines += segments[1:]
            continue
        if opens and now is not None:
            now.lines += segments
            continue
        if now is not None and len(segments) > 1 and _same(segments[0], now.lines[0]):
            now.lines += segments[1:]
            continue
        if now is not None and len(segments) > 1 and _same(segments[0], now.lines[-1]):
            now.lines += segments[1:]
            continue
        if now is not None:
            done.append(now)
        now = Laid(segments, opens)
    if now is not None:
        done.append(now)
    return done


def _statements(block: Piece) -> Iterator[tuple[Piece, bool]]:
    """The rows of a block, a row of several statements cut; whether one stands beside another."""
    for row in _rows(block):
        for k, (a, b) in enumerate(separated(row.text)):
            yield Piece(row.text[a:b], row.start + a), k > 0


def _continues(text: str) -> bool:
    """Whether a row goes on where the last one broke off."""
    return bool(re.match(r"\s*(?:\{\}\s*)?(?:[-+*/·×]|\\(?:cdot|times|left|right|quad|pm)\b)", text))


def _same(a: Piece, b: Piece) -> bool:
    return re.sub(r"\s+", "", a.bare) == re.sub(r"\s+", "", b.bare) != ""


def _rows(block: Piece) -> list[Piece]:
    r"""The rows of a block: at ``\\``, and in plain text at line ends."""
    text = block.text
    masked = _ENV.sub(lambda m: " " * len(m[0]), text)
    masked = re.sub(r"\\(?:eqalign|displaylines)\s*\{", lambda m: " " * len(m[0]), masked)
    if "\\eqalign" in text or "\\displaylines" in text:
        masked = _without_last_brace(masked)
    array = re.match(r"\s*\\begin\s*\{array\}\s*\{[rcl\s|@{}]*\}", masked)
    if array is not None and masked.rstrip().endswith(r"\end{array}") and "=" in masked:
        masked = " " * array.end() + masked[array.end() :]
        cut = masked.rstrip().rfind(r"\end{array}")
        masked = masked[:cut] + " " * (len(masked) - cut)
    plain = "\\\\" not in masked
    rows: list[Piece] = []
    level = nested = begin = 0
    k = 0
    while k < len(masked):
        c = masked[k]
        if c == "\\":
            if masked.startswith(r"\begin", k):
                nested += 1
            elif masked.startswith(r"\end", k):
                nested -= 1
            newline = re.compile(r"\\newline\b").match(masked, k)
            if (masked[k + 1 : k + 2] == "\\" or newline) and not nested and level <= 0:
                rows.append(Piece(masked[begin:k], block.start + begin))
                k = newline.end() if newline else k + 2
                option = re.compile(r"\s*\[[^\]\n]{0,12}\]").match(masked, k)
                k = option.end() if option is not None else k
                begin = k
                continue
            k += 2
            continue
        level += (c == "{") - (c == "}")
        if c == "\n" and plain and not nested and level <= 0 and _row_ends(masked[begin:k], masked[k:]):
            rows.append(Piece(masked[begin:k], block.start + begin))
            begin = k + 1
        k += 1
    rows.append(Piece(masked[begin:], block.start + begin))
    return [row for row in rows if row.bare]


def _row_ends(before: str, after: str) -> bool:
    """Whether a line end of plain text ends a row."""
    return not before.rstrip().endswith(("=", "+", "-", "*", "/", "(", ","))


def _without_last_brace(text: str) -> str:
    level, out = 0, list(text)
    for k, c in enumerate(text):
        if c == "{":
            level += 1
        elif c == "}":
            level -= 1
            if level < 0:
                out[k] = " "
                level = 0
    return "".join(out)


def _segments(row: Piece) -> tuple[list[Piece], bool]:
    """A row cut at its equals signs; whether it begins with one."""
    text = row.text
    cut = re.search(r"&&|\\tag\b|\\label\b|\\qquad\s*(?:\\text|\\mbox|\()", text)
    if cut is not None:
        text = text[: cut.start()]
    pieces: list[tuple[int, int]] = []
    level = nested = begin = 0
    k = 0
    opens = False
    while k < len(text):
        c = text[k]
        if c == "\\":
            if text.startswith(r"\begin", k):
                nested += 1
            elif text.startswith(r"\end", k):
                nested -= 1
            over = re.compile(r"\\(?:underset|overset|stackrel)\s*\{").match(text, k)
            if over is not None:
                end = _past_braces(text, over.end() - 1)
                signed = re.compile(r"\s*\{?\s*=\s*\}?").match(text, end)
                if signed is not None and level <= 0 and not nested:
                    pieces.append((begin, k))
                    begin = k = signed.end()
                    continue
            k += 2
            continue
        level += (c in "({[") - (c in ")}]")
        if (c == "=" and level <= 0 and not nested and text[k - 1 : k] not in ("!", "<", ">", ":")) or (
            text.startswith(":=", k) and level <= 0 and not nested
        ):
            width = 2 if text.startswith((":=", "=="), k) else 1
            pieces.append((begin, k))
            begin = k + width
            k += width
            continue
        k += 1
    pieces.append((begin, len(text)))
    found = [Piece(text[a:b], row.start + a) for a, b in pieces]
    if found and not found[0].bare and len(found) > 1:
        opens = True
        found = found[1:]
    return [piece for piece in found if piece.bare], opens


def _past_braces(text: str, at: int) -> int:
    level = 0
    while at < len(text):
        level += (text[at] == "{") - (text[at] == "}")
        at += 1
        if not level:
            break
    return at


_LABEL: Final = re.compile(
    r"^\s*(?=[^:]*[A-Za-z]{3})[A-Za-z][A-Za-z ,'’-]*(?:(?<=[A-Za-z])|\s[A-Za-z]\s*=\s*-?\d+):\s+(?=\S)"
)
"""What a formula is headed by: ``Poisson: L = ...``."""
_LED_IN: Final = re.compile(
    r"^\s*(?:(?:let|suppose|given|define|where|with|here|and|then|so|thus|hence|since|now|therefore|but)"
    r"(?:\s+(?:we have|that|us))?[\s,:]+)+(?=[^=\s])",
    re.IGNORECASE,
)
"""Words before a formula."""


def _bare(text: str) -> str:
    if "\\begin" not in text:
        text = text.replace("&", " ")
    text = re.sub(
        r"^(?:\s|&|\{\}(?!\s*\\q?quad)|\\[,;!: ]|\\q?quad\b"
        r"|\\(?:Rightarrow|implies|therefore|iff|Longrightarrow|hfill)\b|[⇒→∴])+",
        "",
        text,
    )
    text = _LED_IN.sub("", _LABEL.sub("", text))
    text = re.sub(r"(?:\s|(?<![\\_^}])\{\}|(?<!\\)&|\\[,;!: ]|\\q?quad\b|\\nonumber|\\notag)+$", "", text)
    return text.strip().rstrip(",;.").strip()


# --- what is a chain ------------------------------------------------------------------------------
_PATTERN: Final = re.compile(
    r"^\s*\\?[A-Za-zα-ωΑ-Ω]\w*(?:\{[A-Za-z\\]*\})?(?:_\{[^{}]*\}|_\\?\w|\^\{[^{}]*\}|\^\w|'|\[[^\]]*\])*"
    r"\s*(?:\\left)?(?:\([^()]*(?:\([^()]*\))?[^()]*\))?\s*$"
)
_ACCENTED: Final = re.compile(
    r"^\s*\\(?:hat|bar|tilde|mathcal|mathbf|boldsymbol|mathbb|widehat|vec)\s*\{?\\?\w+\}?"
)


def _is_definition(laid: Laid) -> bool:
    """Whether a chain of two is ``name = formula``."""
    if len(laid.lines) != 2:
        return False
    left = laid.lines[0].bare
    if re.search(r"\\frac|\\partial|∂|\\nabla|∇|/|d[A-Z]|'", left) or re.fullmatch(r"d[A-Za-z]", left):
        return False
    return bool(_PATTERN.match(left) or _ACCENTED.match(left))


def _place(laid: Laid, page: Page) -> None:
    """Put a chain on the page: joined to the last one where it goes on, as context where it defines."""
    alone = _CASE_ALONE.match(" = ".join(piece.bare for piece in laid.lines))
    if alone is not None and {alone["a"], alone["b"]} <= set("ijkl"):
        page.case = _case(alone)
        return
    laid.case = page.case
    if laid.opens and page.chains:
        main = [c for c in page.chains if not c.aside]
        (main or page.chains)[-1].lines += laid.lines
        return
    if len(laid.lines) < 2:
        if laid.lines and len(laid.lines[0].bare) > 1:
            page.context.append(laid.lines[0].bare)
        return
    if page.chains and page.chains[-1].case != laid.case:
        page.chains.append(laid)
        return
    if page.chains and _same(laid.lines[0], page.chains[-1].lines[0]):
        page.chains[-1].lines += laid.lines[1:]
        return
    if page.chains and _same(laid.lines[0], page.chains[-1].lines[-1]):
        page.chains[-1].lines += laid.lines[1:]
        return
    page.chains.append(laid)


def _settle(page: Page) -> None:
    """Definitions become context, unless there is nothing else; a chain of equations is one."""
    first = next((k for k, c in enumerate(page.chains) if not _is_definition(c)), len(page.chains))
    equations = _equations(page.chains[first:])
    if equations is not None:
        definitions, page.chains = page.chains[:first], [equations]
    else:
        definitions = [c for c in page.chains if _is_definition(c)]
        real = [c for c in page.chains if not _is_definition(c)]
        if not real and definitions:
            real = [definitions.pop()]
        page.chains = real
    page.context += [f"{c.lines[0].bare} = {c.lines[1].bare}" for c in definitions]


def _equations(chains: list[Laid]) -> Laid | None:
    """Several equations one below the other, each with sides of its own: a chain of equations."""
    if len(chains) < 2 or any(len(c.lines) != 2 for c in chains):
        return None
    lefts = {re.sub(r"\s+", "", c.lines[0].bare) for c in chains}
    if len(lefts) == 1 or not all(_solves(c) or c.lines[1].bare == "0" for c in chains):
        return None
    lines = [Piece(f"{c.lines[0].bare} = {c.lines[1].bare}", c.lines[0].start) for c in chains]
    return Laid(lines, equations=True)


def _solves(laid: Laid) -> bool:
    left = laid.lines[0].bare
    return not re.search(r"\\frac\s*\{\s*(?:\\partial|d)|\\nabla|∂|∇|^\s*d[^=]*/\s*d|^\s*d\w+_d\w|'", left)
