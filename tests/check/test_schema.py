"""The JSON of a report keeps to ``docs/report.schema.json``."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from scoring import records

import whygrad

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "report.schema.json").read_text(encoding="utf8"))
POSTS = records(Path(__file__).with_name("chains3.jsonl"))


@pytest.mark.parametrize("post", POSTS, ids=[p["id"] for p in POSTS])
def test_reports_keep_to_the_schema(post: dict[str, str]) -> None:
    found = json.loads(json.dumps(whygrad.check(post["raw"]).json()))
    jsonschema.validate(found, SCHEMA)
    for part in (found, *found.get("parts", ())):
        assert len(part["evidence"]) == len(part["verdicts"]) == len(part["lines"]) - 1


def test_the_schema_can_fail() -> None:
    found = whygrad.check("x + x = 3x").json()
    jsonschema.validate(found, SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**found, "verdicts": ["perhaps"]}, SCHEMA)
