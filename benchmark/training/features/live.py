"""Features that are computed each time that an image is seen."""

from typing import final

import torch
from torch import nn

from benchmark.training.features.base import FeatureCallback
from datamodules.contract import TaskData


@final
class NoFeatureCaching(FeatureCallback):
    """No cache: features are computed each time."""

    def prepare(self, rnn: nn.Module, data: TaskData, device: torch.device) -> None:
        """Leaves the encoders as they are."""
