"""Reading the mathematics that people write: LaTeX and plain text, in their own words."""
