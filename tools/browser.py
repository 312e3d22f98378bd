"""Find, or install, the browser that the tests open pages in; see the fixtures in tests/conftest.py.

``browser.py`` prints the path of the one found. ``./check`` calls `ensure` first. A machine on which there is
no browser and none can be had still passes: the tests that need it are skipped, with the reason.
"""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
"""What browsers of the Chromium family are called on a PATH."""
MACOS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
PATIENCE_S = 600


def flags() -> list[str]:
    """Return the switches it is started with: no name but this machine's own is looked up."""
    chosen = [
        "--disable-gpu",
        "--disable-background-networking",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        chosen.append("--no-sandbox")  # its sandbox refuses to be set up by root
    return chosen


def find() -> str | None:
    """Return the path of a browser: one named by WHYGRAD_BROWSER, one on PATH, or Playwright's own."""
    if named := os.environ.get("WHYGRAD_BROWSER"):
        return named
    there = [path for path in map(shutil.which, NAMES) if path]
    return next(filter(starts, [*there, *MACOS, *downloads()]), None)


@cache
def starts(program: str) -> bool:
    """Tell whether it runs at all: a download may lack libraries that only the system's packages bring."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def downloads() -> list[str]:
    """Return the browsers that ``playwright install`` has put into the user's cache."""
    places = {"darwin": "Library/Caches", "win32": "AppData/Local"}
    cache = Path.home() / places.get(sys.platform, ".cache") / "ms-playwright"
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or cache)
    programs = ("chrome", "chrome.exe", "Chromium", "Google Chrome for Testing")
    return [str(path) for name in programs for path in sorted(folder.glob(f"chromium-*/**/{name}"))]


def ensure() -> str:
    """Return why there is no browser, or nothing if there is one now."""
    if find():
        return ""
    failures: list[str] = []
    for command in ways():
        said = f"whygrad: installing a browser for the tests: {' '.join(command)} ..."
        print(said, file=sys.stderr, flush=True)
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                timeout=PATIENCE_S,
                check=False,
                encoding="utf-8",
                errors="replace",
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            failures.append(str(error))
            continue
        if done.returncode:
            last = (done.stdout.strip().splitlines() or ["it said nothing"])[-1]
            failures.append(f"`{' '.join(command)}`: {last}")
        elif find():
            return ""
    return "no browser, and none could be installed: " + "; ".join(failures)


def ways() -> list[list[str]]:
    """Return the commands that may install one: the system's packages where we may, then Playwright's own."""
    commands: list[list[str]] = []
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        commands.append(["apt-get", "update", "--quiet"])
        commands.append(["apt-get", "install", "--quiet", "--yes", "--no-install-recommends", "chromium"])
    commands.append([sys.executable, "-P", "-m", "playwright", "install", "chromium"])
    return commands


if __name__ == "__main__":
    if reason := ensure():
        sys.exit(reason)
    print(find())
