"""Improvement cycles and projects: what they hold, and what may be done to them."""
