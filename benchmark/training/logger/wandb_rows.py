"""The rows of a run's history in Weights & Biases."""

from collections.abc import Callable, Mapping
from typing import Any, final

import wandb
from pytorch_lightning.loggers import WandbLogger

from benchmark.results.run_folder import RunFolder
from benchmark.results.vocabulary import EPOCH, IMAGES, PANEL, VAL, named


@final
class Rows(WandbLogger):
    """Logs each line of metrics.jsonl as a row, without the first `known`, which the server has. The row of a
    validation has the picture that was drawn of it, if one was.

    validated: the numbers of the validation split by epoch. images: counts the training images seen so far.
    """

    def __init__(self, run: Any, known: int, folder: RunFolder, images: Callable[[], int]):
        super().__init__(experiment=run)
        self._known, self._seen, self._folder, self._images = known, 0, folder, images
        self.validated: dict[int, dict[str, float]] = {}

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        row: dict[str, Any] = {IMAGES: self._images()} | {named(key): value for key, value in metrics.items()}
        epoch = int(row.get(EPOCH, 0))
        if own := {key: value for key, value in row.items() if key.startswith(f"{VAL}/")}:
            self.validated.setdefault(epoch, {}).update(own, **{f"{VAL}/{IMAGES}": row[IMAGES]})
        self._seen += 1
        if self._seen > self._known:
            path = self._folder.panel_after(epoch)
            shown: dict[str, Any] = {PANEL: wandb.Image(str(path))} if own and path.exists() else {}
            super().log_metrics(row | shown, step)
