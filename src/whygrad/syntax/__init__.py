"""Room `syntax`: see docs/house.md."""
