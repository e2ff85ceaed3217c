"""The training step: teacher forcing, or self-critical."""
