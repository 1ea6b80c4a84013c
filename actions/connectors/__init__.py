"""The firm's other systems: an interface each, and a local twin that really works."""
