"""Charts as vectors, drawn from the same figures that the pages state."""
