"""What slides, handout and video say in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SLIDE_WORDS: Final[Mapping[str, str]] = {
    "slide cost": "The cost",
    "slide cost note": "Read the definitions from the top down: each uses only what stands above it. "
    "The last one is the number to make small.",
    "slide circuit": "Values forward, gradients back",
    "slide circuit note": "Each gate knows only its own local derivative. "
    "Multiplied along the way back, they are the chain rule.",
    "slide plan": "{target} by the chain rule",
    "slide plan note": "Derive each factor on its own, then multiply them.",
    "slide steps note": "Each line follows from the one before by the rule named beside it.",
    "slide plot": "{name} and its derivative",
    "slide plot slope": "its derivative",
    "slide plot top": "steepest at {place}: {value}",
    "slide plot note": "The height of the dashed curve is the slope of the other one.",
    "slide step": "Step {number}",
    "slide where": "where",
    "slide matrix": "the same as arrays",
    "slide reused": "Already derived",
    "slide reused note": "These derivatives were worked out above and are used again.",
    "slide result": "The gradient",
    "slide results": "What we found",
    "slide by": "step {number}",
    "slide why": "Why: {reason}.",
    "slide small": "In small steps:",
    "slide proved": "Proved: {sentence}.",
    "slide checked": "Checked: {sentence}.",
    "slide convention": "Convention: {sentence}.",
    "slide more": "Open any step: whygrad why {name} {step}",
    "lesson slides": "Slides",
    "lesson handout": "Handout, two pages",
    "lesson video": "Video",
    "lesson subtitles": "Subtitles of the video",
    "lesson .typ": "Its source, for Typst",
    "lesson .tex": "The slides as a Beamer source, for LaTeX",
    "lesson .pdfpc": "The speaker's notes, for pdfpc",
    "lesson missing": "Not made:",
    "lesson left out": "{what}: {why}. To have it: {fix}",
}
"""English; :mod:`whygrad.teach.words` has the tables of all languages."""
