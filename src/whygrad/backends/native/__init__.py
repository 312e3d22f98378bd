"""Machine code for one pass over rows, made with llvmlite (the extra ``native``)."""
