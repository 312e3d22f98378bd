"""From LLVM's assembly language to machine code in this process, kept on disk between runs.

llvmlite is imported here and nowhere else. The folder of the cache belongs to the user alone; an
object is used only if the folder is still private and its checksum fits.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib
import os
import platform
import stat
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import whygrad

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Machine:
    """The processor, as far as code depends on it."""

    lanes: int
    """Doubles in a vector."""
    name: str
    features: str
    binding: Any
    """The module llvmlite.binding."""


@cache
def machine() -> Machine | None:
    """This machine; None without llvmlite, or with a processor that has no fused multiply-add of vectors."""
    try:
        binding: Any = importlib.import_module("llvmlite.binding")
    except (ImportError, OSError):
        return None
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    features: dict[str, bool] = dict(binding.get_host_cpu_features())
    if platform.machine() in ("aarch64", "arm64"):
        lanes = 2
    elif features.get("avx512f") and features.get("avx512dq"):
        lanes = 8
    elif features.get("avx2") and features.get("fma"):
        lanes = 4
    else:
        return None
    flags = ",".join(f"{'+' if on else '-'}{name}" for name, on in sorted(features.items()))
    return Machine(lanes, binding.get_host_cpu_name(), flags, binding)


@dataclass(frozen=True)
class Code:
    """A function in memory. ``keeper`` owns the memory.

    ``call`` lets other threads of Python run meanwhile; ``short`` does not, which takes less time.
    """

    call: Any
    short: Any
    keeper: Any
    cached: bool


def code(here: Machine, key: str, make: Callable[[], str], name: str) -> Code:
    """The function ``name`` of a module.

    Parameters
    ----------
    here
        From :func:`machine`.
    key
        Tells the module from every other.
    make
        Writes the module, when it is not in the cache.
    """
    words = (key, name, here.name, here.features, platform.machine(), sys.platform, _version())
    digest = hashlib.sha256("\0".join(words).encode()).hexdigest()
    folder = cache_folder()
    held = _read(folder, digest) if folder is not None else None
    made = held if held is not None else _compiled(here, make())
    if held is None and folder is not None:
        _write(folder, digest, made)
    engine = _engine(here)
    engine.add_object_file(here.binding.object_file.ObjectFileRef.from_data(made))
    engine.finalize_object()
    address = engine.get_function_address(name)
    kinds = ctypes.CFUNCTYPE, ctypes.PYFUNCTYPE
    call, short = (kind(None, ctypes.c_void_p)(address) for kind in kinds)
    return Code(call, short, engine, held is not None)


@cache
def _version() -> str:
    """Of everything that writes code: this package's version and text, and llvmlite's."""
    text = hashlib.sha256()
    for path in sorted(HERE.glob("*.py")):
        text.update(path.read_bytes())
    return f"{whygrad.__version__} {metadata.version('llvmlite')} {text.hexdigest()}"


def _target(here: Machine) -> Any:
    target = here.binding.Target.from_default_triple()
    return target.create_target_machine(cpu=here.name, features=here.features, opt=2, jit=True)


def _compiled(here: Machine, text: str) -> bytes:
    module = here.binding.parse_assembly(text)
    module.verify()
    return bytes(_target(here).emit_object(module))


def _engine(here: Machine) -> Any:
    return here.binding.create_mcjit_compiler(here.binding.parse_assembly(""), _target(here))


# --- the cache ----------------------------------------------------------------------------------


def cache_folder() -> Path | None:
    """The folder of compiled objects, made when it is not there; None where none can be kept private."""
    root = os.environ.get("XDG_CACHE_HOME", "")
    try:
        base = Path(root) if root and Path(root).is_absolute() else Path.home() / ".cache"
        folder = base / "whygrad" / "native"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return None
    return folder if _private(folder) else None


def _private(folder: Path) -> bool:
    """Whether the folder is the user's own and nobody else may write to it or read from it."""
    if sys.platform == "win32":
        return True  # a user's profile is private there, and there are no such bits
    try:
        state = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(state.st_mode) and state.st_uid == os.getuid() and not state.st_mode & 0o077


def _read(folder: Path, digest: str) -> bytes | None:
    """An object, if it is whole."""
    try:
        held = (folder / f"{digest}.o").read_bytes()
    except OSError:
        return None
    check, made = held[:32], held[32:]
    return made if hashlib.sha256(digest.encode() + made).digest() == check else None


def _write(folder: Path, digest: str, made: bytes) -> None:
    """Keep an object; no reader ever sees half of it, and where it cannot be kept nothing is lost."""
    try:
        number, path = tempfile.mkstemp(dir=folder)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(hashlib.sha256(digest.encode() + made).digest() + made)
            os.replace(path, folder / f"{digest}.o")
        except OSError:
            os.unlink(path)
    except OSError:
        return
