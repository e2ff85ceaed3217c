"""Composing, checking and reading configurations. All uses of Hydra's private names are in this package."""
