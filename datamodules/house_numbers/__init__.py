"""House numbers: SVHN and a synthetic sample."""
