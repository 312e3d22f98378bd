"""Newton's method in coordinates in which the linear forms are uncorrelated.

With J = c Σ_i ℓ_i(a_i·θ) + ½ θᵀPθ + …, columns of A may differ by factors of 1e16 or be nearly
dependent (a Unix time beside an intercept). The columns are scaled, M = [√c A; √P] is reduced by QR
and its triangle by singular values, and the iteration runs in φ with θ = T φ, where the rows of M T
are orthonormal: what is ill-conditioned is met once, in T, and not squared (Björck, Numerical
Methods for Least Squares Problems, SIAM, 1996, sec. 2.7).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from whygrad.train.curvature import Curvature

Array = NDArray[np.float64]
DEPENDENT = 1e-12
"""Singular values below this share of the largest are directions that nothing depends on."""


class Whitened:
    """A structured cost in whitened coordinates, about the point ``origin``."""

    def __init__(self, curvature: Curvature, origin: Array) -> None:
        if curvature.penalty is None:
            raise ValueError("the penalty is not quadratic")
        self.curvature, self.origin = curvature, origin
        self.penalty = curvature.penalty
        self.back, self.loose = _coordinates(curvature.rows, curvature.scale, self.penalty)
        self.rows = curvature.rows @ self.back
        self.middle = curvature.rows @ origin + curvature.offset
        # The penalty's slope at the origin; P itself is the same everywhere.
        z = self.middle
        first, _ = curvature.along(z)
        _, whole = curvature.bound.value_and_gradient(origin)
        self.slope = whole - curvature.scale * (curvature.rows.T @ first)

    def theta(self, phi: Array) -> Array:
        """The parameters of a point."""
        return self.origin + self.back @ phi

    def value_and_gradient(self, phi: Array) -> tuple[float, Array]:
        """The cost and its gradient by φ."""
        theta = self.theta(phi)
        cost, _ = self.curvature.bound.value_and_gradient(theta)
        first, _ = self.curvature.along(self.rows @ phi + self.middle)
        penalty = self.slope + self.penalty @ (theta - self.origin)
        return cost, self.curvature.scale * (self.rows.T @ first) + self.back.T @ penalty

    def hessian(self, phi: Array) -> Array:
        """The second derivatives by φ."""
        _, second = self.curvature.along(self.rows @ phi + self.middle)
        weighted = self.rows * (self.curvature.scale * second)[:, None]
        return self.rows.T @ weighted + self.back.T @ self.penalty @ self.back

    def of_least_norm(self, theta: Array, weights: NDArray[np.bool_]) -> Array:
        """The point with the same forms and penalty whose ``weights`` are smallest."""
        if not self.loose.shape[1]:
            return theta
        loose = self.loose[weights]
        shift, *_ = np.linalg.lstsq(loose, -theta[weights], rcond=None)
        return theta + self.loose @ shift


def _coordinates(rows: Array, scale: float, penalty: Array) -> tuple[Array, Array]:
    """T with orthonormal [√c A; √P] T, and a basis of the directions that neither sees."""
    values, vectors = np.linalg.eigh(penalty)
    root = np.sqrt(np.maximum(values, 0))[:, None] * vectors.T
    stacked = np.concatenate([np.sqrt(scale) * rows, root[values > 0]])
    sizes = np.sqrt((stacked**2).sum(axis=0))
    sizes = np.where((sizes > 0) & np.isfinite(sizes), sizes, 1.0)
    triangle = np.linalg.qr(stacked / sizes, mode="r")
    _, singular, turned = np.linalg.svd(triangle)
    size = rows.shape[1]
    whole = np.zeros(size)
    whole[: len(singular)] = singular
    keep = whole > DEPENDENT * max(float(whole.max()), 1e-300)
    back = (turned[keep].T / whole[keep]) / sizes[:, None]
    return back, turned[~keep].T / sizes[:, None]
