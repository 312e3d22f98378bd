"""Documents in every medium: what a person has read, and what must hold whatever is shown."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import formulas
import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st
from test_layout import expressions

import golden
from whygrad.core.document import (
    Block,
    Callout,
    Code,
    Document,
    Formula,
    Heading,
    Row,
    Rows,
    Sentence,
    Table,
)
from whygrad.core.errors import UsageError
from whygrad.core.expr import Add, Expr, Symbol, mul
from whygrad.show.breaking import LIMIT, break_box, print_width
from whygrad.show.latex import to_latex
from whygrad.show.layout import layout
from whygrad.show.lines import break_formula, words, wrap
from whygrad.show.mathml import to_mathml
from whygrad.show.page_style import STYLE_SHEET
from whygrad.show.render import FORMATS, render
from whygrad.show.terminal import to_terminal
from whygrad.show.text import breakable, plain, width
from whygrad.show.theme import DARK, LIGHT, contrast

DOCUMENTS = {
    "derive": samples.derive_logistic(),
    "check": samples.check_logistic(),
    "every": samples.every_block(),
}
SUFFIX = {"text": "txt", "latex": "tex", "markdown": "md", "html": "html"}
everything = Document(
    (Heading(("Formulas",)), *(Rows((Row(e, Symbol("u"), reason=("as ", e)),)) for e in formulas.FORMULAS)),
    formulas.SCOPE,
)


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("format", FORMATS)
def test_each_medium_as_a_person_read_it(name: str, format: str) -> None:
    golden.check(f"{name}.{SUFFIX[format]}", render(DOCUMENTS[name], format))


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no format 'pdf'"):
        render(DOCUMENTS["derive"], "pdf")


# --- terminal ---------------------------------------------------------------------------------

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=30)
inlines = st.lists(texts | expressions, max_size=4).map(tuple)
rows = st.builds(
    Row,
    right=st.none() | expressions,
    left=st.none() | expressions,
    label=st.sampled_from(["", "1", "12.3"]),
    reason=inlines,
    changed=st.lists(st.lists(st.integers(0, 2), max_size=2).map(tuple), max_size=2).map(tuple),
    verdict=st.sampled_from(["", "right", "WRONG"]),
    evidence=st.sampled_from(["", "proved", "sampled"]),
    raw=texts,
)
groups = st.builds(Rows, st.lists(rows, max_size=4).map(tuple), inlines, numbered=st.booleans())
cells = st.lists(inlines, max_size=4).map(tuple)
blocks: st.SearchStrategy[Block] = (
    groups
    | st.builds(Heading, inlines, st.integers(1, 3), inlines)
    | st.builds(Sentence, inlines)
    | st.builds(Formula, expressions)
    | st.builds(Callout, st.sampled_from(["proved", "next", "hint"]), inlines)
    | st.builds(Table, cells, st.lists(cells, max_size=3).map(tuple))
    | st.builds(Code, texts)
)
documents = st.builds(Document, st.lists(blocks, max_size=4).map(tuple), title=texts)


@given(documents, st.integers(20, 120), st.booleans())
def test_no_line_is_wider_than_asked(doc: Document, columns: int, ascii: bool) -> None:
    shown = to_terminal(doc, width=columns, ascii=ascii, details=True)
    assert all(width(line) <= columns for line in shown.split("\n"))
    assert not ascii or shown.isascii()


@pytest.mark.parametrize("columns", range(20, 130, 7))
def test_the_samples_fit_every_width(columns: int) -> None:
    for doc in (*DOCUMENTS.values(), everything):
        shown = to_terminal(doc, width=columns)
        assert max(width(line) for line in shown.split("\n")) <= columns


@given(documents)
def test_colour_changes_nothing_but_colour(doc: Document) -> None:
    codes = re.compile(r"\x1b\[\d+m")
    coloured = to_terminal(doc, color=True)
    assert [line.rstrip() for line in codes.sub("", coloured).split("\n")] == to_terminal(doc).split("\n")


def test_colour_points_out_what_changed_and_stands_back_for_reasons() -> None:
    shown = to_terminal(samples.derive_logistic(), color=True)
    assert "\x1b[36mf_i − y_i\x1b[39m" in shown
    assert "\x1b[2my_i f_i cancels\x1b[0m" in shown


@given(expressions, st.integers(8, 60))
def test_a_broken_formula_loses_nothing(e: Expr, room: int) -> None:
    spelled = breakable(e)
    cut = break_formula(spelled, room, room)
    assert all(width(plain(line)) <= room for line in cut)
    joined = "".join(plain(line) for line in cut)
    assert joined.replace(" ", "") == plain(spelled).replace(" ", "")


def test_a_long_sum_is_broken_before_its_signs() -> None:
    e = Add([mul(Symbol(f"a{k}"), Symbol(f"b{k}")) for k in range(20)])
    lines = [plain(line) for line in break_formula(breakable(e), 40, 40)]
    assert all(line.startswith("+ ") for line in lines[1:])


def test_brackets_are_broken_last() -> None:
    inner = Add([Symbol(f"b{k}") for k in range(6)])
    e = Add([mul(Symbol("a"), inner), mul(Symbol("c"), inner)])
    first, second = (plain(line) for line in break_formula(breakable(e), 50, 50))
    assert second.startswith("+ c (")
    assert first.count("(") == first.count(")")


def test_spaces_at_the_end_of_a_persons_text_take_no_room() -> None:
    row = Row(None, raw="x" * 30 + " " * 40, reason=("a short reason",))
    assert "x   a short reason" in to_terminal(Document((Rows((row,)),)), width=60)


@given(inlines, st.integers(5, 40))
def test_wrapped_text_loses_nothing(parts: tuple[str | Expr, ...], room: int) -> None:
    said = words(parts, samples.LOGISTIC)
    lines = wrap(said, room, room)
    assert all(width(plain(line)) <= room for line in lines)
    shown = "".join(plain(line) for line in lines)
    assert shown.replace(" ", "") == "".join(plain(word.text) for word in said).replace(" ", "")


def test_rows_are_aligned_on_their_relations() -> None:
    shown = to_terminal(samples.derive_logistic()).split("\n")
    columns = {line.index(" = ") for line in shown[8:] if re.match(r"  [\d ]  .{0,12} = ", line)}
    assert len(columns) == 1


# --- print ------------------------------------------------------------------------------------


@given(expressions)
def test_a_formula_broken_for_print_keeps_its_letters(e: Expr) -> None:
    whole = layout(e)
    pieces = break_box(whole, 20)
    letters = re.compile(r"[a-d0-9]")

    def bag(code: str) -> list[str]:
        return sorted(letters.findall(re.sub(r"\\[a-z]+|<[^>]*>", "", code)))

    assert bag("".join(map(_mathml, pieces))) == bag(to_mathml(e))


def _mathml(box: object) -> str:
    from whygrad.show.mathml import math_element

    return math_element(box)  # type: ignore[arg-type]


def test_what_fits_is_not_broken() -> None:
    for e in formulas.FORMULAS:
        box = layout(e, formulas.SCOPE)
        assert print_width(box) > LIMIT or break_box(box) == [box]


def test_a_long_sum_takes_several_lines_of_an_article() -> None:
    e = Add([mul(Symbol(f"a{k}"), Symbol(f"b{k}")) for k in range(40)])
    article = render(Document((Rows((Row(e, Symbol("u")),)), Formula(e))), "latex")
    lines = [line for line in article.split("\n") if "b_" in line]
    assert len(lines) >= 8
    assert all(line.count("b_") <= 10 for line in lines)


def balanced(code: str) -> bool:
    depth = 0
    for token in re.findall(r"\\.|[{}]", code):
        depth += (token == "{") - (token == "}")
        if depth < 0:
            return False
    return depth == 0


@given(expressions)
def test_latex_is_balanced(e: Expr) -> None:
    code = to_latex(e)
    assert balanced(code)
    assert code.count("\\left") == code.count("\\right")


@given(documents)
def test_a_latex_article_is_balanced(doc: Document) -> None:
    article = render(doc, "latex", details=True)
    assert balanced(article)
    opened = re.findall(r"\\begin\{(\w+\*?)\}", article)
    assert sorted(opened) == sorted(re.findall(r"\\end\{(\w+\*?)\}", article))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_articles_compile(tmp_path: Path) -> None:
    for name, doc in {**DOCUMENTS, "everything": everything}.items():
        (tmp_path / f"{name}.tex").write_text(render(doc, "latex", details=True), encoding="utf-8")
        ran = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"{name}.tex"],
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        log = ran.stdout.decode("utf-8", "replace")
        assert ran.returncode == 0, log[-2000:]
        assert name == "everything" or "Overfull" not in log


@given(documents)
def test_markdown_tables_keep_their_columns(doc: Document) -> None:
    kept = tuple(block for block in doc.blocks if isinstance(block, Rows))
    for line in render(Document(kept), "markdown").split("\n"):
        if line.startswith("| "):
            assert len(re.findall(r"(?<!\\)\|", line)) == 5, line


def test_markdown_mathematics_has_no_backslash_before_punctuation() -> None:
    shown = render(everything, "markdown")
    for code in re.findall(r"\$([^$]*)\$", shown):
        assert not re.search(r"\\[^a-zA-Z]", code), code


# --- web page ---------------------------------------------------------------------------------

VOID = {"meta", "br", "mspace"}


class Page(HTMLParser):
    """Checks that elements close in order, and gathers what matters."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.tags: set[str] = set()
        self.shown: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.extend(attrs)
        self.ids.extend(value or "" for key, value in attrs if key == "id")
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.shown.append(data)


@given(documents)
def test_a_page_is_well_formed_whatever_is_shown(doc: Document) -> None:
    page = Page(render(doc, "html"))
    assert len(page.ids) == len(set(page.ids))
    assert "script" not in page.tags
    assert not [key for key, _ in page.attributes if key == "style" or key.startswith("on")]


def test_a_page_needs_nothing_from_outside() -> None:
    text = render(samples.derive_logistic(), "html")
    page = Page(text)
    assert {"html", "main", "table", "math", "details", "summary"} <= page.tags
    assert ("lang", "en") in page.attributes
    contents = [value or "" for key, value in page.attributes if key == "content"]
    policy = next(content for content in contents if "default-src" in content)
    digest = base64.b64encode(hashlib.sha256(STYLE_SHEET.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'")
    assert f"'sha256-{digest}'" in policy
    assert "http" not in re.sub(r'http-equiv="', "", text)


def test_text_is_escaped_on_a_page() -> None:
    page = Page(render(Document((Sentence(("<script>alert(1)</script> & `<b>`",)),), title="<i>"), "html"))
    assert "script" not in page.tags
    assert "<script>alert(1)</script> & " in page.shown
    assert "<b>" in page.shown


@given(expressions)
def test_mathml_is_well_formed(e: Expr) -> None:
    assert ElementTree.fromstring(to_mathml(e)).tag == "math"


def test_mathml_of_every_formula_is_well_formed() -> None:
    known = set("math mrow mi mn mo mtext mspace mfrac msqrt msub msup msubsup munder mover".split())
    for e in formulas.FORMULAS:
        tree = ElementTree.fromstring(to_mathml(e, formulas.SCOPE, marks=((0,),)))
        assert {node.tag for node in tree.iter()} <= known | {"mtable", "mtr", "mtd"}
        for node in tree.iter():
            count = {"mfrac": 2, "msub": 2, "msup": 2, "munder": 2, "mover": 2, "msubsup": 3, "munderover": 3}
            assert len(node) == count.get(node.tag, len(node))


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_every_ink_can_be_read_on_its_paper(palette: object) -> None:
    for ink in ("ink", "quiet", "right", "wrong", "accent"):
        for paper in ("paper", "raised"):
            assert contrast(getattr(palette, ink), getattr(palette, paper)) >= 4.5, (ink, paper)
    assert contrast(palette.changed, palette.changed_paper) >= 4.5
