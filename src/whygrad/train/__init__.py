"""Room `train`: see docs/house.md."""
