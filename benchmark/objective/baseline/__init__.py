"""Baselines of REINFORCE: what is subtracted from a trajectory's return."""
