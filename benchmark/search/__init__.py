"""Searches for the knobs of mechanisms, with an equal budget for each: Optuna proposes, a launcher of sweeps runs."""
