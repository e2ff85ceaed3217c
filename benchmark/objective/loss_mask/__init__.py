"""Which time steps of a sequence the loss counts."""
