"""A year of complaints played through the real decision, to see what a way of deciding would have cost and kept."""
