"""Metrics of predictions (sequences, categories, captions) and of where a model attends."""
