"""Whether a model looked at the right place."""
