"""Derivations with one line changed: how they are made, what is true of them, how they are spelled."""
