"""What is minimised: the likelihood, its bound, estimators of its gradient."""
