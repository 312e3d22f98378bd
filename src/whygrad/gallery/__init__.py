"""Room `gallery`: see docs/house.md."""
