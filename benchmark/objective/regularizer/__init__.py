"""Regularisers of attention."""
