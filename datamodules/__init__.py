"""Data sets as Lightning data modules; independent of the models."""
