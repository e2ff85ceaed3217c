"""The comparison of a study as a workspace of Weights & Biases."""
