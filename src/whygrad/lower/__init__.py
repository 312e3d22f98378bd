"""Room `lower`: see docs/house.md."""
