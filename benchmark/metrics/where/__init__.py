"""Metrics of where a model attends: fixations and attention maps against annotated boxes."""
