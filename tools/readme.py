"""The commands in README.md and what they print: ``--write`` renews the outputs, a test compares them.

A fenced block marked ``console`` holds lines ``$ ./whygrad ...``, each followed by what it prints.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
BLOCK = re.compile(r"(?<=^```console\n)(.*?)(?=^```$)", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (\./whygrad .*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


def printed(command: str) -> str:
    """Run a command of README.md as a person would, piped, and return what it prints."""
    words = shlex.split(command)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "whygrad", *words[1:]],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, "NO_COLOR": "1", "PYTHONPATH": str(ROOT / "src")},
    )
    if done.returncode not in (0, 1) or not done.stdout:
        raise RuntimeError(f"{command} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def commands(text: str) -> list[tuple[str, str]]:
    """Return each command of the console blocks with the output that stands below it."""
    return [(found[1], found[2]) for block in BLOCK.findall(text) for found in COMMAND.finditer(block)]


def renewed(text: str, output: Callable[[str], str] = printed) -> str:
    """Return the text with each command's output as it is now."""

    def renew(command: re.Match[str]) -> str:
        return f"$ {command[1]}\n{output(command[1])}"

    return BLOCK.sub(lambda block: COMMAND.sub(renew, block[0]), text)


def main() -> int:
    """Renew README.md, or say how it differs."""
    now = README.read_text(encoding="utf-8")
    fresh = renewed(now)
    if "--write" in sys.argv[1:]:
        README.write_text(fresh, encoding="utf-8")
    elif fresh != now:
        print("README.md is out of date: tools/readme.py --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
