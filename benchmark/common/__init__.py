"""Shared by all packages: errors, schedules, small helpers for tensors and files."""
