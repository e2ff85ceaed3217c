"""Early stopping on the primary metric."""

from pytorch_lightning.callbacks import EarlyStopping

from benchmark.results.primary_metric import Headline


def early_stopping(headline: Headline, patience: int, min_delta: float) -> EarlyStopping:
    """Lightning's EarlyStopping on the primary metric of the validation split, which also selects the best checkpoint.

    patience: validations without an improvement. min_delta: the least improvement, in units of the primary metric.
    """
    mode = "max" if headline.higher_is_better else "min"
    return EarlyStopping(headline.monitor, min_delta=min_delta, patience=patience, mode=mode)
