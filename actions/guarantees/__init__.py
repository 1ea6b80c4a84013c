"""Guarantees at work: what is on file is looked at, a breach is paid once, the customer is told."""
