"""``/api/v1/``: JSON for integrators."""
