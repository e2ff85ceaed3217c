"""Optimisers, learning rates, and clipping."""
