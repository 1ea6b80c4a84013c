"""Whether a measure changed anything: the data before and after, and the test named beforehand."""
