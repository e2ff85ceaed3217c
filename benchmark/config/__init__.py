"""Configurations: composing, checking and reading them. Every private name of Hydra is here."""
