"""What is published holds what the checkout holds."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_the_wheel_holds_every_file_and_starts(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    wheel = next(tmp_path.glob("whygrad-*-py3-none-any.whl"))
    names = set(zipfile.ZipFile(wheel).namelist())
    files = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src" / "whygrad").rglob("*.*")}
    assert {name for name in files if "__pycache__" not in name} <= names
    assert any(name.endswith("licenses/NOTICE") for name in names)
    code = (
        f"import sys; sys.path.insert(0, {str(wheel)!r}); from whygrad.__main__ import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, "--version"], capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("whygrad "), done.stderr
