"""The engine needs the standard library and python-flint, and nothing else."""

import importlib.util
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src"
LIGHT_ROOMS = ("core", "meaning", "syntax", "rules", "costs", "engine", "lower", "show")

IMPORT_ALL = """
import importlib, pkgutil, sys
sys.path[:0] = sys.argv[1:3]
sys.dont_write_bytecode = True
for room in sys.argv[3:]:
    package = importlib.import_module("whygrad." + room)
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
found = {name.partition(".")[0] for name, module in sys.modules.items() if getattr(module, "__file__", None)}
print(*sorted(found - sys.stdlib_module_names))
"""


def flint_alone(folder: Path) -> Path:
    """Link python-flint, without whatever else is installed beside it, into a folder."""
    spec = importlib.util.find_spec("flint")
    assert spec is not None
    assert spec.origin is not None
    installed = Path(spec.origin).parent
    for part in (installed, *installed.parent.glob("python_flint.libs")):
        (folder / part.name).symlink_to(part)
    return folder


def test_core_to_show_import_only_python_flint(tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-S", "-W", "error", "-c", IMPORT_ALL]
    done = subprocess.run(
        [*command, str(SOURCE), str(flint_alone(tmp_path)), *LIGHT_ROOMS],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) <= {"flint", "whygrad"}


def test_the_command_line_starts_without_numpy() -> None:
    code = (
        "import sys, contextlib\n"
        "from whygrad.cli import main\n"
        "assert main(['derive', 'logistic']) == 0\n"
        "print(sorted({'numpy', 'scipy', 'typing_extensions'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
