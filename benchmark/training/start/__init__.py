"""The weights a run starts from."""
