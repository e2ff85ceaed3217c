"""Validation and test with an average of the weights."""

from pytorch_lightning.callbacks import EMAWeightAveraging

from datamodules.ranges import NotAll


def weight_averaging(decay: NotAll) -> EMAWeightAveraging:
    """Lightning's exponential moving average of the weights, updated after every step.

    What is validated, tested and stored as the best weights is the average. Training goes on from the last weights.
    Buffers are those of the last step: tables of places and what follows a schedule have no average, and the running
    statistics of a batch normalisation are then of the last weights.
    decay: the share of the average that is kept at a step, so that it is of about 1 / (1 - decay) steps.
    """
    return EMAWeightAveraging(decay=decay, use_buffers=False)
