"""Runs in a process of its own: calls a function of the user's on given numbers, and writes what came out.

Started as a script with two paths, of the task and of the answer, both JSON. It imports the standard
library and NumPy; a framework only where the task says that the user's file imports it. Limits are set
before the file is imported; they are limits on time and memory, not a sandbox.
"""

# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import sys
import warnings
from typing import Any


class Rows:
    """What boosting libraries hand to an objective: labels and weights of the rows, by methods."""

    def __init__(self, label: Any, weight: Any) -> None:
        self._label, self._weight, self.asked = label, weight, []

    @property
    def label(self) -> Any:
        """The labels."""
        return self.get_label()

    @property
    def weight(self) -> Any:
        """The weights."""
        return self.get_weight()

    def get_label(self) -> Any:
        """The labels."""
        return self._label

    def get_weight(self) -> Any:
        """The weights; empty where there are none, as the libraries do."""
        self.asked.append("weight")
        return self._weight

    def num_row(self) -> int:
        """How many rows there are."""
        return len(self._label)

    num_data = num_row


def limits(seconds: int, memory: int) -> None:
    """Bound processor time and memory, where the system can."""
    try:
        import resource
    except ImportError:
        return
    for kind, limit in ((resource.RLIMIT_CPU, seconds), (resource.RLIMIT_AS, memory)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (limit, limit))


def load(path: str) -> Any:
    """Import the user's file under a name that is no one else's."""
    sys.path[0] = os.path.dirname(path)  # as if it were run; this script's folder holds nothing of theirs
    spec = importlib.util.spec_from_file_location("audited", path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["audited"] = module
    spec.loader.exec_module(module)
    return module


def value_of(given: dict[str, Any], framework: str) -> Any:
    """An argument from its description."""
    import numpy as np

    if given["kind"] == "rows":
        kept = np.array(given["weight"] if given["weight"] is not None else [], dtype=np.float32)
        weight = None if given["weight"] is None and given["none"] else kept
        return Rows(np.array(given["label"], dtype=np.float32), weight)
    if given["kind"] == "number":
        return given["value"]
    if given["kind"] == "nothing":
        return None
    array = np.array(given["value"], dtype=given["dtype"]).reshape(given["shape"])
    if framework == "torch":
        import torch

        return torch.tensor(array, requires_grad=bool(given.get("moves")))
    if framework == "jax":
        import jax

        return jax.numpy.asarray(array)
    return array[()] if array.ndim == 0 else array


def parts_of(found: Any, name: str = "") -> list[dict[str, Any]]:
    """A result, whatever it is packed in, as named arrays."""
    import numpy as np

    if found is None:
        return [{"name": name, "shape": [], "dtype": "none", "data": []}]
    if isinstance(found, dict):
        return [p for key, value in found.items() for p in parts_of(value, str(key))]
    if isinstance(found, list) and not all(isinstance(v, (int, float)) for v in found):
        return [p for value in found for p in parts_of(value)]
    if isinstance(found, tuple):
        names = getattr(found, "_fields", [""] * len(found))
        return [p for key, value in zip(names, found) for p in parts_of(value, key)]
    if hasattr(found, "detach"):
        found = found.detach().cpu().numpy()
    array = np.asarray(found)
    data = np.asarray(array, dtype=np.float64)
    return [
        {"name": name, "shape": list(array.shape), "dtype": str(array.dtype), "data": data.ravel().tolist()}
    ]


def call(function: Any, task: dict[str, Any], framework: str) -> dict[str, Any]:
    """One call, its result or its complaint."""
    given = [value_of(a, framework) for a in task["args"]]
    names = [a.get("by_name") for a in task["args"]]
    positional = [v for v, n in zip(given, names) if not n]
    named = {n: v for v, n in zip(given, names) if n}
    try:
        if task.get("upstream") is not None:
            found = through_apply(function, given, task["upstream"])
        else:
            found = function(*positional, **named)
        parts = parts_of(found)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    asked = [what for v in given if isinstance(v, Rows) for what in v.asked]
    return {"parts": parts, "asked": asked}


def through_apply(function: Any, given: list[Any], upstream: Any) -> Any:
    """An autograd function: its value, and what its backward pass makes of a gradient from above."""
    import torch

    value = function.apply(*given)
    moving = [v for v in given if torch.is_tensor(v) and v.requires_grad]
    above = torch.as_tensor(upstream, dtype=value.dtype)
    above = above[: value.numel()].reshape(value.shape)
    grads = torch.autograd.grad(value, moving, above, allow_unused=True)
    return (value, *grads)


def main(task_path: str, answer_path: str) -> None:
    """Do the task."""
    with open(task_path, encoding="utf-8") as file:
        task = json.load(file)
    limits(task["seconds"], task["memory"])
    answer: dict[str, Any]
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if "jax" in task["imports"]:
                import jax

                jax.config.update("jax_enable_x64", True)
            sys.path += [p for p in task["search"] if p not in sys.path]
            module = load(task["path"])
            function: Any = module
            for name in task["function"].split("."):
                function = getattr(function, name)
            answer = {"results": [call(function, c, task["framework"]) for c in task["calls"]]}
        except BaseException as error:  # the user's file may do anything, exit included
            answer = {"error": f"{type(error).__name__}: {error}"}
    with open(answer_path, "w", encoding="utf-8") as file:
        json.dump(answer, file)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
