"""Which trajectories of an image an objective is computed from."""
