"""Run folders as data."""
