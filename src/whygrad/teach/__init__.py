"""Lessons from a derivation: notebook, exercises, and what the other media share."""
