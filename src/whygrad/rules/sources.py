"""Where rules and facts are stated: key -> citation."""

from __future__ import annotations

from typing import Final

SOURCES: Final[dict[str, str]] = {
    "petersen2012": "K. B. Petersen and M. S. Pedersen, The Matrix Cookbook, version of 15 November 2012.",
    "dlmf": "NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov/.",
    "spivak2008": "M. Spivak, Calculus, 4th edition, Publish or Perish, 2008.",
    "goodfellow2016": "I. Goodfellow, Y. Bengio and A. Courville, Deep Learning, MIT Press, 2016.",
    "bishop2006": "C. M. Bishop, Pattern Recognition and Machine Learning, Springer, 2006.",
    "graham1994": ("R. L. Graham, D. E. Knuth and O. Patashnik, Concrete Mathematics, 2nd edition, 1994."),
    "laue2018": (
        "S. Laue, M. Mitterreiter and J. Giesen, Computing Higher Order Derivatives of Matrix and "
        "Tensor Expressions, NeurIPS 2018."
    ),
    "hendrycks2016": "D. Hendrycks and K. Gimpel, Gaussian Error Linear Units, 2016, arXiv:1606.08415.",
    "boyd2004": "S. Boyd and L. Vandenberghe, Convex Optimization, Cambridge University Press, 2004.",
    "griewank2008": "A. Griewank and A. Walther, Evaluating Derivatives, 2nd edition, SIAM, 2008.",
}


def citation(source: str) -> str:
    """The full citation of ``key, place``."""
    key, _, place = source.partition(",")
    text = SOURCES.get(key.strip(), source)
    return f"{text} ({place.strip()})" if place and key.strip() in SOURCES else text
