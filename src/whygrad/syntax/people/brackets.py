"""Brackets, bars, scripts and environments."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from whygrad.core.errors import Span
from whygrad.syntax.people import tree as t
from whygrad.syntax.people.derivatives import Derivatives
from whygrad.syntax.people.lex import Token
from whygrad.syntax.people.repair import CLOSING
from whygrad.syntax.people.tree import Tree

MAX_TOWERS = 8
"""Most exponents one after the other: ``x^a^b^c``."""


class Brackets(Derivatives):
    """What stands between brackets of any kind, and what hangs on it."""

    def scripts(self, base: Tree) -> Tree:
        """Subscripts, superscripts and primes after a factor."""
        sub: Tree | None = None
        sup: Tree | None = None
        primes = towers = 0
        while True:
            if self.at("'") and self.token.kind == "op":
                self.advance()
                primes += 1
            elif self.at("_"):
                self.advance()
                found = self.script_argument()
                sub = found if sub is None else t.Group((sub, found), "{", found.span, ",")
            elif self.at("^"):
                self.advance()
                found = self.script_argument(up=True)
                if isinstance(found, t.Name) and found.name == "'":
                    primes += 1
                elif sup is None:
                    sup = found
                else:
                    towers += 1
                    if towers > MAX_TOWERS:
                        self.fail("too many exponents on one another")
                    base = t.Script(base, sub, sup, primes, self.since(base.span.start))
                    sub, sup, primes = None, found, 0
            else:
                break
        if sub is None and sup is None and not primes:
            return base
        return t.Script(base, sub, sup, primes, self.since(base.span.start))

    def script_argument(self, up: bool = False) -> Tree:
        """What stands after ``_`` or ``^``."""
        token = self.token
        if up and self.at("⊙"):  # x^{∘2}: entry by entry
            self.advance()
            inside = self.script_argument()
            return t.Entrywise(inside, self.since(token.start))
        if self.at("{") and up and self.peek().text == "⊙":
            self.advance()
            found = self.script_argument(up=True)
            self.accept("}")
            return found
        if self.at("{"):
            return self.script_group()
        if up and self.at("-", "+"):
            sign = self.sign()
            found = self.script_argument(up)
            return found if sign > 0 else self.negative(found)
        if token.kind == "number":
            self.advance()
            found: Tree = t.Num(Fraction(token.text), False, token.span)
            if (
                up
                and token.text == "1"
                and self.at("/")
                and self.peek().kind == "number"
                and self.peek().glued
                and self.token.glued
            ):
                self.advance()
                low = self.advance()
                bottom = t.Num(Fraction(low.text), False, low.span)
                return t.Quotient(found, bottom, self.since(token.start))
            return found
        if token.kind in ("name", "text"):
            self.advance()
            if token.kind == "text":
                return t.Words(token.text, token.span)
            return t.Name(token.text, token.span)
        if token.kind == "op" and token.text in ("'", "⊤", "*", "·", "×", "+", "-"):
            self.advance()
            return t.Name(token.text, token.span)
        if token.kind in ("func", "cmd", "op"):
            return self.primary()
        self.fail("an index or an exponent is missing here")

    def script_group(self) -> Tree:
        """``{...}`` after ``_`` or ``^``: a list, a relation, words, a transpose."""
        opened = self.advance()
        held, self.bars = self.bars, []
        items: list[Tree] = []
        separator = ""
        while not self.at("}") and self.token.kind != "end":
            token = self.token
            if token.kind == "text":
                self.advance()
                items.append(t.Words(token.text, token.span))
            elif token.kind == "op" and token.text in ("'", "⊤", "*", "·") and self.closes(1):
                self.advance()
                items.append(t.Name(token.text, token.span))
            elif token.kind == "op" and token.text in ("'", "⊤"):
                self.advance()
                items.append(t.Name(token.text, token.span))
            elif token.kind == "op" and token.text == "-" and self.peek().text in ("⊤",):
                self.advance()
                top = self.advance()
                items.append(self.negative(t.Name(top.text, top.span)))
            elif token.kind == "op" and token.text in ("-", "+") and self.closes(1):
                self.advance()
                items.append(t.Name(token.text, token.span))
            elif token.kind == "op" and token.text in (",", ";", "|", "\\\\", ":", "…"):
                self.advance()
                separator = separator or token.text
            else:
                items.append(self.relation())
        self.bars = held
        self.accept("}")
        span = self.since(opened.start)
        if not items:
            return t.Words("", span)
        return t.Group(tuple(items), "{", span, separator)

    def group(self) -> Tree:
        """Brackets with one or more parts."""
        opened = self.advance()
        if opened.text == "{" and self.has_over():
            return self.over(opened)
        close = CLOSING[opened.text]
        held, self.bars = self.bars, []
        items: list[Tree] = []
        separator = ""
        while not self.at(close) and self.token.kind != "end":
            before = self.tokens[self.k - 1]
            fresh = before is opened or before.text in (",", ";") or before.kind == "text"
            barred = fresh and self.at("|", "||") and self.bar_pairs()
            if not barred and self.at(",", ";", "|", "||", ":", "\\\\", "&"):
                mark = self.advance().text
                separator = separator or mark
                continue
            if self.token.kind == "text":
                word = self.advance()
                items.append(t.Words(word.text, word.span))
                continue
            items.append(self.relation())
            if self.at(",", ";", "|", "||", ":", "\\\\", "…"):
                separator = self.advance().text
            elif not self.at(close) and self.token.kind != "text":
                break
        self.bars = held
        if not self.accept(close):
            self.fail(f"'{self.token.text or 'the end'}' stands where {close} should")
        span = self.since(opened.start)
        found = self.branched(items, span) if opened.text == "{" and separator == ";" else None
        return found or t.Group(tuple(items), opened.text, span, separator)

    def bar_pairs(self) -> bool:
        """Whether a bar that begins a bracket is closed inside it, around something: ``(|u| - 1)``."""
        opened, level = self.token.text, 0
        for k in range(self.k + 1, len(self.tokens)):
            token = self.tokens[k]
            text = token.text if token.kind == "op" else ""
            level += (text in CLOSING) - (text in (")", "]", "}", "⟩"))
            if level < 0 or (not level and text in (",", ";")):
                return False
            if not level and text == opened:
                return k > self.k + 1
        return False

    def branched(self, items: list[Tree], span: Span) -> Tree | None:
        """``{u if C; v otherwise}``, or None where it is no list of cases."""
        rows: list[tuple[Tree, Tree | None]] = []
        k = 0
        while k < len(items):
            word = items[k + 1] if k + 1 < len(items) else None
            if isinstance(word, t.Words) and word.text == "if" and k + 2 < len(items):
                rows.append((items[k], items[k + 2]))
                k += 3
            elif isinstance(word, t.Words) and word.text in ("otherwise", "else") and k + 2 == len(items):
                rows.append((items[k], None))
                k += 2
            else:
                return None
        return t.Branches(tuple(rows), span) if len(rows) > 1 else None

    def has_over(self) -> bool:
        r"""Whether ``\\over`` stands at this level."""
        level, k = 0, self.k
        while k < len(self.tokens):
            token = self.tokens[k]
            if token.kind == "op" and token.text in CLOSING:
                level += 1
            elif token.kind == "op" and token.text in (")", "]", "}", "⟩"):
                level -= 1
                if level < 0:
                    return False
            elif token.kind == "cmd" and token.text == "over" and level == 0:
                return True
            k += 1
        return False

    def over(self, opened: Token) -> Tree:
        r"""``{a \\over b}``."""
        middle = self.k
        level = 0
        while not (self.tokens[middle].kind == "cmd" and self.tokens[middle].text == "over" and not level):
            text = self.tokens[middle].text if self.tokens[middle].kind == "op" else ""
            level += (text in CLOSING) - (text in (")", "]", "}", "⟩"))
            middle += 1
        end, level = middle + 1, 0
        while True:
            text = self.tokens[end].text if self.tokens[end].kind == "op" else ""
            level += (text in CLOSING) - (text in (")", "]", "}", "⟩"))
            if level < 0 or self.tokens[end].kind == "end":
                break
            end += 1
        top, bottom = self.tokens[self.k : middle], self.tokens[middle + 1 : end]
        found = self.quotient(top, bottom, opened.start)
        self.k = end
        self.accept("}")
        return replace(found, span=self.since(opened.start))

    def between_bars(self) -> Tree:
        """``|u|``, ``||u||`` with scripts."""
        opened = self.advance()
        self.bars.append(opened.text)
        body = self.relation()
        self.bars.pop()
        if not self.accept(opened.text):
            self.fail(f"the bar {opened.text} is not closed")
        sub = sup = None
        while self.at("_", "^"):
            up = self.advance().text == "^"
            found = self.script_argument(up)
            sub, sup = (sub, found) if up else (found, sup)
        return t.Bars(body, opened.text == "||", sub, sup, self.since(opened.start))

    def inner(self) -> Tree:
        """``⟨a, b⟩``, with a subscript that says nothing."""
        opened = self.advance()
        left = self.relation()
        if not (self.accept(",") or self.accept("|")):
            self.fail("an inner product has two parts with a comma between")
        right = self.relation()
        if not self.accept("⟩"):
            self.fail("the angle is not closed")
        if self.at("_"):
            self.advance()
            self.script_argument()
        return t.Inner(left, right, self.since(opened.start))

    def command(self) -> Tree:
        """Fractions and environments."""
        token = self.token
        match token.text:
            case "frac":
                self.advance()
                top, bottom = self.tokens_of_argument(), self.tokens_of_argument()
                return replace(self.quotient(top, bottom, token.start), span=self.since(token.start))
            case "begin":
                return self.environment()
            case "cases" | "eqalign" if self.peek().text == "{":
                self.advance()
                return self.rows_between(self.advance(), "}")
            case _:
                self.fail(f"\\{token.text} is not read")

    def environment(self) -> Tree:
        """``cases`` and ``array`` with conditions, rows of alternatives."""
        self.advance()
        name = self.tokens_of_argument()
        word = "".join(x.text for x in name)
        if word in ("array", "darray") and self.at("{"):
            self.tokens_of_argument()
        return self.rows_between(self.token, word)

    def rows_between(self, opened: Token, name: str) -> Tree:
        """Rows of cells up to the end of the environment."""
        rows: list[list[list[Token]]] = [[[]]]
        level = 0
        while self.token.kind != "end":
            token = self.advance()
            if name == "}" and token.text == "}" and not level:
                break
            if token.kind == "cmd" and token.text == "end":
                self.tokens_of_argument()
                break
            text = token.text if token.kind == "op" else ""
            level += (text in CLOSING) - (text in (")", "]", "}", "⟩"))
            if text == "\\\\" and not level:
                rows.append([[]])
            elif text == "&" and not level:
                rows[-1].append([])
            else:
                rows[-1][-1].append(token)
        if self.at(")") and not opens(self.tokens[: self.k]):
            self.advance()
        found = [self.branch(row) for row in rows if any(cell for cell in row)]
        if not found or name in ("bmatrix", "pmatrix", "matrix", "vmatrix"):
            self.fail("a written-out array is not read", "name it and give its entries by index")
        return t.Branches(tuple(found), self.since(opened.start))

    def branch(self, cells: list[list[Token]]) -> tuple[Tree, Tree | None]:
        """A value with its condition."""
        cells = [cell for cell in cells if cell]
        value = self.part(without_ends(cells[0])).whole()
        words = [x for cell in cells[1:] for x in cell]
        condition = [x for x in words if x.kind != "text" or x.text in ("and",)]
        condition = [x for x in condition if x.kind != "text" and x.text not in (",",)]
        if not condition:
            return value, None
        return value, self.part(without_ends(condition)).relation()


def without_ends(tokens: list[Token]) -> list[Token]:
    """Tokens without the punctuation and the words at both ends."""
    while tokens and (tokens[-1].text in (",", ".", ";", ":") or tokens[-1].kind == "text"):
        tokens = tokens[:-1]
    while tokens and (tokens[0].text in (",", ".", ";", ":") or tokens[0].kind == "text"):
        tokens = tokens[1:]
    return tokens


def opens(tokens: list[Token]) -> bool:
    """Whether a bracket is still open after these tokens."""
    level = 0
    for token in tokens:
        if token.kind == "op":
            level += (token.text == "(") - (token.text == ")")
    return level > 0
