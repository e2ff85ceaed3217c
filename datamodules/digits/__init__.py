"""Digits on canvases: MNIST and scikit-learn's."""
