"""Stanford Dogs, and a synthetic sample."""
