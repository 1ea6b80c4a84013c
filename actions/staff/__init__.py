"""What staff do; every deed is one unit of work and leaves a trace in the audit log."""
