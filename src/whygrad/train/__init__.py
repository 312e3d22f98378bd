"""Training: data, objectives, optimisers, fits and models."""
