"""Improvement at the desk: board, cycles and projects, signals, controls, problem table, baselines and ledger."""
