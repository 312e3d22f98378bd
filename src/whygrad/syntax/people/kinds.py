"""The kinds of names that nobody declared: searched best-first by how likely they are."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Mapping
from typing import Final

from whygrad.core.walk import free_indices
from whygrad.syntax.people.dims import MisfitError, UnknownError
from whygrad.syntax.people.line_values import resolve_lines
from whygrad.syntax.people.prepare import Prepared
from whygrad.syntax.people.problem import Read
from whygrad.syntax.people.scoping import finished
from whygrad.syntax.people.scripts import Use
from whygrad.syntax.people.setting import Setting
from whygrad.syntax.people.settle import setting_of, with_kinds
from whygrad.syntax.tokens import GREEK_NAMES

SEARCHED: Final = 48


_SMALL: Final = frozenset("lambda alpha eta epsilon gamma eps lr C c".split())


_NUMBERS: Final = frozenset("N K M T C L J E".split())


def _candidates(name: str, use: Use, s: Setting, p: Prepared) -> list[tuple[float, int]]:
    """Ranks a name may have beyond its positions, with how unlikely each is."""
    said = s.kinds.get(name)
    if said is not None and said.declared and said.rank is not None:
        return [(0.0, max(0, said.rank - use.slots - max(use.sups, int(name in s.hidden))))]
    if name in s.differentiated and not use.indexed and not use.transposed:
        return [(0.0, 0), (2.0, 1)]
    slots = use.slots + max(use.sups, int(name in s.hidden))
    letters = p.letters
    if said is not None and said.rank is not None:
        return [(0.0, max(0, said.rank - slots))]
    if p.said.all_scalar or (name in _SMALL and not use.transposed):
        return [(0.0, 0)]
    base = name.split("_")[0]
    upper = (base[:1].isupper() and len(base) == 1) or (base in GREEK_NAMES and base[0].isupper())
    matrix_text = letters.matrix_text
    vectorish = use.transposed or use.normed or (use.dotted and matrix_text)
    bold = use.bold or name in p.bold
    if slots:
        whole = 0 in use.subs and use.slots > 0
        first = 0.0 if whole or not (vectorish or bold) else 1.0
        second = 1.5 if not (vectorish or bold) else 0.3
        if use.sups and matrix_text and not use.slots:
            second = min(second, 0.7)
        if whole:
            second += 2.0
        return [(first, 0), (second, 1)] + ([(5.0, 2)] if slots == 1 and upper else [])
    if bold:
        return [(0.0, 2), (1.2, 1), (4.0, 0)] if upper else [(0.0, 1), (3.0, 0), (4.0, 2)]
    if p.said.all_vectors and not upper:
        return [(0.0, 1), (3.0, 0)]
    if upper:
        if use.transposed or use.inverted:
            return [(0.0, 2), (1.8, 1), (4.0, 0)]
        if use.applied and base not in _NUMBERS:
            return [(0.0, 2), (3.0, 1), (7.0, 0)]
        if matrix_text:
            if base in _NUMBERS:
                return [(0.4, 0), (0.8, 2), (2.4, 1)]
            return [(0.4, 2), (2.0, 1), (2.6, 0)]
        return [(0.0, 0), (2.6, 2), (2.6, 1)]
    if vectorish:
        return [(0.0, 1), (2.2, 0), (3.5, 2)]
    if use.beside_matrix:
        return [(0.3, 1), (0.6, 0), (4.0, 2)]
    if matrix_text:
        return [(0.0, 0), (0.5, 1), (4.0, 2)]
    return [(0.0, 0), (2.5, 1), (6.0, 2)]


def search_kinds(p: Prepared) -> list[Read]:
    """Try kinds, the likeliest first."""
    base = setting_of(p)
    open_names = _open_names(p, base)
    options = {n: sorted(_candidates(n, p.letters.uses.get(n, Use()), base, p)) for n in open_names}
    order = sorted(options)
    start = tuple(0 for _ in order)
    heap = [(sum(options[n][0][0] for n in order), start)]
    seen = {start}
    found: list[tuple[float, float, dict[str, int]]] = []
    best = float("inf")
    for _ in range(SEARCHED):
        if not heap:
            break
        cost, choice = heapq.heappop(heap)
        if cost >= best + 1.0:
            break
        ranks = {n: options[n][k][1] for n, k in zip(order, choice, strict=True)}
        penalty = _try(p, base, ranks)
        found.append((cost + penalty, cost, ranks))
        best = min(best, cost + penalty)
        for k, name in enumerate(order):
            if choice[k] + 1 < len(options[name]):
                other = (*choice[:k], choice[k] + 1, *choice[k + 1 :])
                if other not in seen:
                    seen.add(other)
                    step = options[name][choice[k] + 1][0] - options[name][choice[k]][0]
                    heapq.heappush(heap, (cost + step, other))
    found.sort(key=lambda x: x[0])
    return [finished(p, base, ranks, total) for total, _, ranks in found[:4] if total <= found[0][0] + 0.9]


def _open_names(p: Prepared, s: Setting) -> list[str]:
    """The names whose kinds nothing settles."""
    out: list[str] = []
    for name in p.letters.uses:
        use = p.letters.uses[name]
        if not (use.bare or use.indexed or use.sups or use.subs or use.numbered):
            continue
        if (
            name in p.letters.pointers
            or name in p.alias
            or name in s.meant
            or name in s.called
            or name in s.operators
        ):
            continue
        known = name in ("e", "pi", "ones", "infty", "sigma", "I") and not use.slots
        if known and not (name == "sigma" and use.not_called):
            continue
        if name in s.sizes and not (p.letters.uses[name].indexed):
            continue
        out.append(name)
    return out


def _try(p: Prepared, base: Setting, ranks: Mapping[str, int]) -> float:
    """How badly the text fits under these kinds."""
    s = with_kinds(base, ranks)
    resolver, values = resolve_lines(p, s)
    penalty = resolver.strain
    for name in s.meant:
        try:
            resolver.definition(s.meant[name])
        except MisfitError:
            penalty += 4.0 if s.meant[name].parameters else 6.0
        except UnknownError:
            penalty += 0.3
    for k, (value, misfit, _, _) in enumerate(values):
        if value is None or misfit:
            penalty += (6.0 if k == 0 else 1.3) if misfit else 0.3
    ranks_of = [(v.rank, len(free_indices(v.expr))) for v, _, _, _ in values if v is not None]
    if p.chain.mode != "equation":
        for (a, fa), (b, fb) in itertools.pairwise(ranks_of):
            if a != b and a + fa != b + fb:
                penalty += 1.5
    return penalty
