"""How a sequence is read out of a model that runs free."""
