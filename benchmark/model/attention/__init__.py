"""Where to look next, and what is seen there: one mechanism a file."""
