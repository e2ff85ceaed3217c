"""Fully connected layers with rectifiers, which encoders, policies and classifiers have in common."""

from collections.abc import Sequence

from torch import nn


def relu_layers(size: int, widths: Sequence[int]) -> tuple[list[nn.Module], int]:
    """A linear layer and a ReLU of each width, and the width of what they give. size: of what they read."""
    sizes = [size, *widths]
    pairs = zip(sizes, widths, strict=False)
    return [layer for given, width in pairs for layer in (nn.Linear(given, width), nn.ReLU())], sizes[-1]
