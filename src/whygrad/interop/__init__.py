"""Meeting other libraries: boosting, PyTorch, JAX, scikit-learn, Dask, and auditing code for them."""
