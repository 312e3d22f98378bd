"""Auditing hand-written gradients and objectives against the derivation."""
