"""Checks the charts and statistics against reference cases from files: ``python -m analytics references PATH…``."""
