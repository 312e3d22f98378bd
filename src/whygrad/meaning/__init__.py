"""Room `meaning`: see docs/house.md."""
