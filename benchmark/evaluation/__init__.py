"""A trained model on the test split: measures, cost, pictures."""
