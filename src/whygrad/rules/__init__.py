"""Room `rules`: see docs/house.md."""
