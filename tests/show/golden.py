"""Files that a person has read: compared, and written anew only when WHYGRAD_GOLDEN=write."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "golden" / "show"


def check(name: str, text: str) -> None:
    """Fail unless the file holds exactly this text."""
    path = FOLDER / name
    if os.environ.get("WHYGRAD_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text, f"{path} differs; read it, then WHYGRAD_GOLDEN=write"
