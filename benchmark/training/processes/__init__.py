"""How many processes train a run, and how they share a batch."""
