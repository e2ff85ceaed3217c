"""What a claim is about: a number of each run."""
