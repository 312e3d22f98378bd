"""How close to the minimum a point is, and by what right that is said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from whygrad.train.curvature import Curvature
from whygrad.train.kinks import Kinks
from whygrad.train.objective import Bound
from whygrad.train.optimise import solve

Array = NDArray[np.float64]
Kind: TypeAlias = Literal[
    "quadratic",  # the cost is a quadratic form: ½ gᵀH⁺g is the distance to the minimum itself
    "strong-convexity",  # J − J* <= |g|²/(2μ), Boyd and Vandenberghe (9.9)
    "newton-decrement",  # J − J* is about ½ gᵀH⁻¹g, Boyd and Vandenberghe sec. 9.5.1
    "duality-gap",  # Fenchel's inequality
    "local-minimum",  # gradient 0 to tolerance, Hessian positive definite there
    "stationary",  # gradient 0 to tolerance, no more is known
    "none",
]
MOST_PARAMETERS = 1500
"""Above this number the Hessian is not formed to judge a point."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is known about a point.

    ``gap`` is (a bound or an estimate of) the cost above the minimum, where there is one.
    """

    kind: Kind
    gradient_norm: float
    gap: float | None = None
    rounding: float = 0.0
    by: str = ""
    """What the curvature is of by which the gap was estimated, where it is not that of all rows."""

    @property
    def sentence(self) -> str:
        """In words."""
        size = f"largest entry of the gradient {self.gradient_norm:.1e}"
        gap = f"{max(self.gap, self.rounding):.1e}" if self.gap is not None else ""
        by = f", curvature of {self.by}" if self.by else ""
        return {
            "quadratic": f"within {gap} of the minimum (the cost is quadratic; {size})",
            "strong-convexity": f"within {gap} of the minimum (the cost is strongly convex; {size})",
            "newton-decrement": f"about {gap} above the minimum (Newton decrement{by}, convex cost; {size})",
            "duality-gap": f"within {gap} of the minimum (duality gap, parameters up to {self.by}; {size})",
            "local-minimum": f"a local minimum (positive definite Hessian; {size})",
            "stationary": f"stationary ({size})",
            "none": size,
        }[self.kind]


class Judge:
    """Judges points of one cost on data.

    Parameters
    ----------
    tolerance
        1e-8 asks for J − J* <= 1e-8 (J₀ − J*), and <= 1e-8 |J*| where |J*| > 1e-8 J₀.
    """

    def __init__(
        self,
        bound: Bound,
        curvature: Curvature | None,
        start: float,
        tolerance: float,
        *,
        convex: bool = False,
        kinks: Kinks | None = None,
    ) -> None:
        self.bound, self.curvature, self.kinks = bound, curvature, kinks
        self.start, self.tolerance = start, tolerance
        # A bend is not seen by second derivatives, so with one nothing is concluded from them.
        self.convex = convex and (kinks is None or kinks.run is None)

    def hessian(self, theta: Array) -> Array | None:
        """The second derivatives, by structure where there is one."""
        if self.bound.layout.size > MOST_PARAMETERS:
            return None
        found = self.curvature.hessian(theta) if self.curvature is not None else None
        return self.bound.hessian(theta) if found is None else found

    def certificate(self, theta: Array, cost: float, gradient: Array) -> Certificate:
        """What is known about a point."""
        norm = float(np.abs(gradient).max()) if len(gradient) else 0.0
        rounding = self.rounding(cost)
        if self.kinks is not None and self.kinks.touched(self.bound.layout.named(theta)):
            return Certificate("none", norm, None, rounding)  # the gradient is a convention there
        hessian = self.hessian(theta)
        if hessian is None or not np.isfinite(hessian).all():
            small = norm <= self.tolerance * max(1.0, abs(self.start))
            return Certificate("stationary" if small else "none", norm, None, rounding)
        if not self.convex:
            return self._not_convex(hessian, gradient, norm, rounding)
        step = solve(hessian, gradient)
        gap = 0.5 * float(gradient @ step)
        left = float(np.abs(gradient - hessian @ step).max(initial=0.0))
        if left > max(1e-6 * norm, 1e-3 * self.tolerance * max(1.0, abs(self.start))):
            # The cost is flat to second order along a part of its own gradient: no distance follows.
            return Certificate("none", norm, None, rounding)
        if self.still_falls(theta, cost):
            return Certificate("none", norm, None, rounding)
        structure = self.curvature.structure if self.curvature is not None else None
        if structure is not None and structure.low is not None and structure.low == structure.high:
            return Certificate("quadratic", norm, gap, rounding)
        strong = self._strong_convexity()
        if strong > 0 and (bound := float(gradient @ gradient) / (2 * strong)) <= 100 * gap + rounding:
            return Certificate("strong-convexity", norm, bound, rounding)
        return Certificate("newton-decrement", norm, gap, rounding)

    def still_falls(self, theta: Array, cost: float) -> bool:
        """Whether the cost falls as the point is moved out 2, 10 and 100 times as far from 0.

        So it does towards an infimum at infinity; a convex cost with a minimiser there rises.
        """
        if not np.abs(theta).max(initial=0.0) > 0:
            return False
        with np.errstate(all="ignore"):
            far = [self.bound.value_and_gradient(t * theta)[0] for t in (2.0, 10.0, 100.0)]
        return all(value < cost for value in far) and far == sorted(far, reverse=True)

    def _strong_convexity(self) -> float:
        """μ, of which only the penalty's curvature is sure."""
        penalty = self.curvature.penalty if self.curvature is not None else None
        return float(np.linalg.eigvalsh(penalty)[0]) if penalty is not None and len(penalty) else 0.0

    def _not_convex(self, hessian: Array, gradient: Array, norm: float, rounding: float) -> Certificate:
        small = norm <= self.tolerance * max(1.0, abs(self.start))
        values = np.linalg.eigvalsh(hessian)
        definite = len(values) > 0 and values[0] > 1e-10 * max(1e-300, float(np.abs(values).max()))
        if definite:
            gap = 0.5 * float(gradient @ np.linalg.solve(hessian, gradient))
            kind: Kind = "local-minimum" if self.near(gap, self.start, 0.0) or small else "none"
            return Certificate(kind, norm, None, rounding)
        return Certificate("stationary" if small else "none", norm, None, rounding)

    def converged(self, theta: Array, cost: float, gradient: Array) -> bool:
        """Whether a point is as near the minimum as was asked."""
        found = self.certificate(theta, cost, gradient)
        if found.gap is None:
            return found.kind in ("stationary", "local-minimum")
        return found.gap <= found.rounding or self.near(found.gap, cost, found.gap)

    def rounding(self, cost: float) -> float:
        """What the cost itself is uncertain by."""
        return 4e-16 * abs(cost) * float(np.sqrt(max(self.bound.sizes.values(), default=1)))

    def estimated(self, gap: float, cost: float, gradient: Array, by: str) -> Certificate:
        """What a curvature found on the way says of the point where it ended."""
        norm = float(np.abs(gradient).max(initial=0.0))
        return Certificate("newton-decrement", norm, gap, self.rounding(cost), by)

    def near(self, gap: float, cost: float, above: float) -> bool:
        """Whether a distance above the minimum is as small as was asked; the minimum is ``cost − above``."""
        least = cost - above
        if gap > self.tolerance * max(self.start - least, 0.0):
            return False
        return gap <= self.tolerance * abs(least) or abs(least) <= self.tolerance * abs(self.start)
