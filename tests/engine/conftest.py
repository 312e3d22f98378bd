"""Shared by the tests of this room: helpers are imported by their file name."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def schema_of_derivations():
    return json.loads((ROOT / "docs" / "derivation.schema.json").read_text(encoding="utf-8"))
