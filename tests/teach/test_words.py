"""One table for each language, all with the same keys and the same places to fill."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import whygrad
from whygrad.core.errors import UsageError
from whygrad.teach.words import ENGLISH, LANGUAGES, words_of

ROOT = Path(whygrad.__file__).parent


def test_every_language_says_everything():
    for words in LANGUAGES.values():
        assert words.keys() == ENGLISH.keys()
        for key, text in words.items():
            assert set(re.findall(r"\{(\w+)\}", text)) == set(re.findall(r"\{(\w+)\}", ENGLISH[key])), key


def test_every_word_asked_for_exists():
    asked: set[str] = set()
    for path in (ROOT / "teach").glob("*.py"):
        asked |= set(re.findall(r"(?<!slide_)\bwords\[\"([^\"]+)\"\]", path.read_text(encoding="utf-8")))
        asked |= set(re.findall(r"\bwords\['([^']+)'\]", path.read_text(encoding="utf-8")))
    for path in (ROOT / "show").glob("circuit*.py"):
        asked |= set(re.findall(r"\bwords\[\"([^\"]+)\"\]", path.read_text(encoding="utf-8")))
    missing = {key for key in asked if key not in ENGLISH and not key.startswith(("slide", "handout"))}
    assert not missing


def test_unknown_language():
    with pytest.raises(UsageError):
        words_of("tlh")
