"""What complaints, times and ratings say, as pure functions on arrays."""
