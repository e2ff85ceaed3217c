"""Sweeps: planning, Hydra launcher, process pool and display."""
