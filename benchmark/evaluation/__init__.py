"""Evaluation of a trained model on the test split: metrics, computational cost, pictures."""
