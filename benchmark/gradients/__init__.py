"""Estimators of the gradient, measured at the same weights and on the same batches: variance, bias, time, memory."""
