"""Incidents: what went wrong for many at once, and telling those it touches before they complain."""
