"""Programs as code: one backend a file, a table and its exceptions each."""
