"""What the tests of meeting other libraries share."""

import sys
from pathlib import Path

for folder in ("lower", "interop"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / folder))
