"""The three kinds of control (S0): feed-forward, concurrent, feedback."""
