"""Room `engine`: see docs/house.md."""
