"""Every sentence of a lesson, one table for each language.

Another language is another table with the same keys; a test holds them side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from whygrad.core.errors import UsageError
from whygrad.show.circuit_words import CIRCUIT_WORDS
from whygrad.teach.slide_words import SLIDE_WORDS

Words = Mapping[str, str]

ENGLISH: Final[Words] = {
    **CIRCUIT_WORDS,
    **SLIDE_WORDS,
    "language": "en",
    # notebook
    "made by": "Made by whygrad {version}. The cost, the steps and the code come from one derivation.",
    "contents": "The gradient of this cost, step by step: derived, checked with numbers, coded, and used to train.",
    "install": "Run this cell once. It installs whygrad where it is missing, for instance on Colab.",
    "cost": "The cost",
    "cost text": "The whole notebook follows from these lines. Change them, make the notebook again, and all of it changes.",
    "derivation": "The derivation",
    "derivation text": "Each line follows from the one before by the rule named beside it.",
    "own symbols": "Code, and what you write to be checked, keep the names of the cost:",
    "is": "is",
    "from above": "from above",
    "open steps": "Run the next cell for the same derivation with steps that open.",
    "explore": "One step at a time: use the buttons or the arrow keys.",
    "circuit title": "The circuit",
    "circuit text": "Values run forward (green), gradients run back (red). Each gate knows only its local derivative (blue); "
    "the chain rule multiplies them along the way.",
    "data": "Data",
    "data text": "A small made-up sample, so that every number can be checked.",
    "forward title": "Forward, with loops",
    "forward text": "The definitions, one index at a time.",
    "local title": "Every local derivative, checked",
    "local text": "A derivative is a slope. So each formula is held against (F(v + h) − F(v − h)) / 2h, where only the "
    "one input v moves.",
    "loops title": "The gradient, with loops",
    "loops text": "The local derivatives multiplied from the loss back to each parameter, as in the circuit.",
    "vector title": "The gradient, vectorised",
    "vector text": "The result of the derivation as array operations, without a loop over the examples.",
    "compare title": "Four ways, one gradient",
    "compare text": "Loops, arrays, the program that whygrad evaluates, and slopes of the cost itself.",
    "descent title": "Gradient descent",
    "descent text": "Step against the gradient: each parameter minus the learning rate times its slope. "
    "If the cost rises, the step was too long, and the rate is halved.",
    "cost curve": "cost J",
    "updates": "update",
    "contour title": "The path on the cost",
    "contour text": "Lines of equal cost over two weights, the others held at their last values, and the path that "
    "gradient descent took.",
    "boundary title": "The decision boundary",
    "boundary text": "Where the model is undecided between the two classes.",
    "class": "class {value}",
    "exercises": "Exercises",
    "exercises text": "Write your lines into the cell and run it. whygrad says which lines follow, and names the first "
    "that does not.",
    # exercises
    "sheet": "Exercises: {title}",
    "sheet text": "Sheet {seed}, level {level}. Each answer can be checked: whygrad check FILE --cost {name}",
    "exercise": "Exercise {number}",
    "solution": "Solution",
    "solutions": "Solutions",
    "factor": "Fill in the missing factor.",
    "factor answer": "The missing factor is",
    "factor why": "It is the local derivative",
    "mistake": "A line of these is wrong. Which is the first, and what went wrong there?",
    "mistake answer": "Line {line} is the first wrong one: {title}.",
    "mistake fact": "In line {line}, ",
    "mistake right": "The right line is",
    "whole": "Derive the gradient by this parameter, line by line.",
    "whole answer": "It ends with",
    "page": "page",
    "line": "line {number}",
    "your lines": "your lines here, one a line, each after an equals sign",
    # lesson
    "lesson": "Lesson: {title}",
    "lesson text": "Everything here was made from one derivation, by one command.",
    "lesson derivation": "The derivation, with steps that open",
    "lesson circuit": "The circuit, forward and back",
    "lesson notebook": "Notebook for Jupyter and Colab",
    "lesson exercises": "Exercise sheet",
    "lesson moodle": "The exercises for Moodle",
    "lesson data": "The derivation as data",
}

LANGUAGES: Final[Mapping[str, Words]] = {"en": ENGLISH}


def words_of(language: str = "en") -> Words:
    """The table of a language.

    Raises
    ------
    UsageError
        If there is none.

    Examples
    --------
    >>> words_of("en")["data"]
    'Data'
    """
    if language not in LANGUAGES:
        raise UsageError(
            "error/usage", f"there are no words in {language!r} yet", fix=f"one of {', '.join(LANGUAGES)}"
        )
    return LANGUAGES[language]
