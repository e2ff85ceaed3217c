"""Whether the computation of a training step is compiled."""
