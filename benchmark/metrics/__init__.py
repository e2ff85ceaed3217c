"""What a prediction is worth, and whether a model looked at the right place."""
