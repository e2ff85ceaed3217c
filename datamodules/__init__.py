"""Files and tensors of each task; knows no model."""
