"""Rasa's REST shape, for integrators."""
