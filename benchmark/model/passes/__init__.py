"""In how many passes a model reads an image: one, both directions, focus, several crops."""
