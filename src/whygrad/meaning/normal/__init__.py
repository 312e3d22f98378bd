"""The exact judge's algebra: Laurent polynomials over interned atoms."""
