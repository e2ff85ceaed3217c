"""What initialises attention before the first glimpse."""
