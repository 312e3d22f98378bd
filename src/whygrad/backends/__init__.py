"""Room `backends`: see docs/house.md."""
