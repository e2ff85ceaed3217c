"""Training that ends when it no longer helps."""

from pytorch_lightning.callbacks import EarlyStopping

from benchmark.results.primary_metric import Headline


def early_stopping(headline: Headline, patience: int, min_delta: float) -> EarlyStopping:
    """Lightning's, watching the number that chooses the best weights.

    patience: validations without a better one. min_delta: what counts as better, in units of the headline.
    """
    mode = "max" if headline.higher_is_better else "min"
    return EarlyStopping(headline.monitor, min_delta=min_delta, patience=patience, mode=mode)
