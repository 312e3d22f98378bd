"""Random admissible points as the arrays and sizes a compiled program takes."""

import numpy as np

from whygrad.core.cost import Cost
from whygrad.meaning.sample import Point, draw_point
from whygrad.syntax.cost_text import read_cost


def arrays_of(cost: Cost, point: Point) -> dict[str, np.ndarray]:
    """The values of a point by name."""
    found = {}
    for d in cost.declarations:
        shape = tuple(point.sizes[dim] for dim in d.dims)
        array = np.zeros(shape)
        for place in np.ndindex(*shape):
            array[place] = float(point.values[(d.name, tuple(p + 1 for p in place))])
        found[d.name] = array
    return found


def draw(text: str, seed: int) -> tuple[Cost, Point]:
    """A cost and an admissible point of it."""
    cost = read_cost(text)
    bodies = [d.body for d in cost.definitions if not d.is_function]
    # Long enough for x[t+2]; distinct, so that no axis is taken for another.
    sizes = {dim: 4 + k for k, dim in enumerate(cost.dims) if dim.isidentifier()} if "+2]" in text else None
    return cost, draw_point(bodies, cost.scope, seed, sizes)
