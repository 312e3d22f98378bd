"""Room `show`: see docs/house.md."""
