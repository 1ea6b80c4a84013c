"""Work that opens by itself: what a chart, a recurrence or the standard signals, and the baselines they go by."""
