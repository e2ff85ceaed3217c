"""Mechanisms, training, comparison and report: everything that learns or judges."""
