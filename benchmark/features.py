"""The features of a frozen encoder, computed once for every image of every split and kept.

Nobody else knows of it. The data set tells which images a batch holds; an encoder that is given the very tensor of such
a batch looks its features up, and computes those of any other: a crop, part of a batch in a picture, a count of costs.

Axes: B images of a batch, N images of a split, C channels, H rows, W columns.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Protocol, final

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.utils.weak import WeakTensorKeyDictionary

from benchmark.attention.distribution import mode
from benchmark.encoder import Encoder
from benchmark.faults import ConfigFault
from benchmark.tuning import Recall, Tuned
from datamodules.contract import Batch, FixedImages, TaskData

SPLITS = ("train", "validation", "test")


class Store(Protocol):
    """Keeps rows of numbers, as `datamodules.feature_store.FeatureStore` does."""

    def rows(self, name: str, source: Mapping[str, Any], images: int, batch: int, shape: tuple[int, ...],
             make: Callable[[int], np.ndarray]) -> np.ndarray: ...  # fmt: skip


@final
class Live(pl.Callback):
    """Keeps nothing: features are computed each time."""


@final
class Known:
    """A witness of a data set's batches: which images of which split their tensors hold, as long as those live.

    sizes: images of a batch of each split.
    """

    def __init__(self, data: TaskData, sizes: Mapping[str, int]):
        self._data, self._sizes, self._of = data, sizes, WeakTensorKeyDictionary()

    def __call__(self, split: str, epoch: int, number: int, batch: Batch) -> None:
        first = number * self._sizes[split]
        place_B = self._data.shown(epoch, number) if split == "train" else torch.arange(first, first + len(batch.image))
        self._of[batch.image] = (split, place_B.numpy())

    def find(self, image_BCHW: Tensor) -> tuple[str, np.ndarray] | None:
        """The split and the places in it; None for a tensor that is of no batch."""
        found: tuple[str, np.ndarray] | None = self._of.get(image_BCHW)
        return found


@final
class Kept(Recall):
    """Looks up what is known of an image. rows: (N, ...) features of each split."""

    def __init__(self, known: Known, rows: Mapping[str, np.ndarray]):
        self._known, self._rows = known, rows

    def __call__(self, image_BCHW: Tensor, encode: Callable[[Tensor], Tensor]) -> Tensor:
        found = self._known.find(image_BCHW)
        if found is None:
            return encode(image_BCHW)
        split, place_B = found
        features = torch.from_numpy(self._rows[split][place_B])
        return features.to(image_BCHW.device, non_blocking=True).to(image_BCHW.dtype)


@final
class Cached(pl.Callback):
    """Before training, makes and keeps what is not yet kept; then the encoder looks it up.

    Raises ConfigFault where no frozen encoder reads whole images, DataFault where training images are drawn anew each
    time: features would be of images that never come again.
    """

    def __init__(self, store: Store):
        self._store = store

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        rnn: Any = pl_module.rnn
        self.prepare(rnn, data, pl_module.device)

    @torch.no_grad()
    def prepare(self, rnn: nn.Module, data: TaskData, device: torch.device) -> None:
        """Makes the frozen encoders of a model look features up for this data set's batches."""
        splits, training = {name: data.each(name) for name in SPLITS}, rnn.training
        first = {name: split.batch(0, 0, device) for name, split in splits.items()}
        known = Known(data, {name: len(batch.image) for name, batch in first.items()})
        rnn.eval()
        for encoder in _readers(rnn, first["validation"]):
            weights = _digest(encoder)
            rows = {name: self._rows(encoder, weights, name, splits[name], batch) for name, batch in first.items()}
            encoder.recall = Kept(known, rows)
        rnn.train(training)
        data.watch(known)

    def _rows(self, encoder: Tuned, weights: str, name: str, split: FixedImages, first: Batch) -> np.ndarray:
        device, batch = first.image.device, len(first.image)
        images = batch * (split.batches - 1) + len(split.batch(0, split.batches - 1, device).image)
        source = {
            "encoder": repr(encoder.body),
            "weights": weights,
            "data": split.fingerprint(),
            "images": sha256(first.image.cpu().numpy().tobytes()).hexdigest(),  # tells of size and normalisation
            "torch": torch.__version__,
            "device": device.type,  # whose kernels round as they do
        }

        def make(number: int) -> np.ndarray:
            features: np.ndarray = encoder.body(split.batch(0, number, device).image).float().cpu().numpy()
            return features

        return self._store.rows(name, source, images, batch, encoder.shape, make)


def _readers(rnn: nn.Module, batch: Batch) -> list[Tuned]:
    """The frozen encoders that a model shows a batch's images as they are. Raises ConfigFault where there are none."""
    shown: list[Encoder] = []

    def note(part: nn.Module, given: tuple[Tensor, ...]) -> None:
        if isinstance(part, Encoder) and given[0] is batch.image:
            shown.append(part)

    hooks = [part.register_forward_pre_hook(note) for part in rnn.modules() if isinstance(part, Encoder)]
    rnn(batch.image, batch.boxes, None, 1, mode)
    for hook in hooks:
        hook.remove()
    if not shown:
        raise ConfigFault(
            [
                "features=cached: this attention encodes what it looks at and never a whole image, so that there is "
                "nothing to keep. Use features=live"
            ]
        )
    frozen = [part for part in shown if isinstance(part, Tuned) and part.frozen]
    if not frozen:
        raise ConfigFault(
            [
                "features=cached: the encoder learns, so that its features change. Use features=live, or keep it as it "
                "is: encoder/tuning=frozen, which encoder=torchvision and encoder=residual_map know"
            ]
        )
    return frozen


def _digest(encoder: Tuned) -> str:
    total = sha256()
    for name, value in encoder.state_dict().items():
        total.update(f"{name} {value.dtype} {list(value.shape)}".encode())
        total.update(value.cpu().contiguous().numpy().tobytes())
    return total.hexdigest()
