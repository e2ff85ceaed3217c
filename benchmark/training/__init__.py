"""How a model is trained: module, optimiser, callbacks, checkpoints, loggers."""
