"""The features of a frozen encoder, computed once for every image of every split and cached on disk.

A cached feature is found by the key of its image: the split, and the image's index in it (`Batch.index`). The training
step passes the key through the network to the encoder. Features of images without a key, such as crops, are computed.

Axes: B images of a batch, N images of a split, C channels, H rows, W columns.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Protocol, final

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.common.errors import ConfigFault
from benchmark.model.attention.distribution import mode
from benchmark.model.encoder.base import Computed, Encoder, FeatureSource
from benchmark.model.encoder.tuning.base import Tuned
from benchmark.training.features.base import FeatureCallback
from datamodules.contract import SPLITS, Batch, FixedImages, ImageKey, TaskData

COMPUTED = Computed()


class Store(Protocol):
    """The interface of `datamodules.storage.feature_store.FeatureStore`, which stores an array by rows."""

    def rows(self, name: str, source: Mapping[str, Any], images: int, batch: int, shape: tuple[int, ...],
             make: Callable[[int], np.ndarray]) -> np.ndarray: ...  # fmt: skip


@final
class CachedFeatures(FeatureSource):
    """Looks features up. rows: by split, the (N, *shape) features of its images."""

    def __init__(self, rows: Mapping[str, np.ndarray]):
        self._rows = rows

    def __call__(self, encoder: Encoder, image_BCHW: Tensor, key: ImageKey) -> Tensor:
        rows = self._rows.get(key.split)
        if rows is None:
            return COMPUTED(encoder, image_BCHW, key)
        features = torch.from_numpy(rows[key.index.cpu().numpy()])
        return features.to(image_BCHW.device, non_blocking=True).to(image_BCHW.dtype)


@final
class _Noted(FeatureSource):
    """Computes features, and records which encoders are given images with a key."""

    def __init__(self) -> None:
        self.encoders: list[Encoder] = []

    def __call__(self, encoder: Encoder, image_BCHW: Tensor, key: ImageKey) -> Tensor:
        if key.split:
            self.encoders.append(encoder)
        return COMPUTED(encoder, image_BCHW, key)


@final
class FeatureCaching(FeatureCallback):
    """Before training, computes the features that are not cached yet; from then on the encoder looks them up.

    Raises ConfigFault where no frozen encoder reads whole images, DataFault where the training images change from epoch
    to epoch, as their features could never be used again.
    """

    def __init__(self, store: Store):
        self._store = store

    @torch.no_grad()
    def prepare(self, rnn: nn.Module, data: TaskData, device: torch.device) -> None:
        """Makes the frozen encoders of a model look up the features of this data set's images."""
        splits, training = {name: data.each(name) for name in SPLITS}, rnn.training
        first = {name: split.batch(0, 0, device) for name, split in splits.items()}
        rnn.eval()
        for encoder in _readers(rnn, first["validation"]):
            weights = _digest(encoder)
            rows = {name: self._rows(encoder, weights, name, splits[name], batch) for name, batch in first.items()}
            encoder.source = CachedFeatures(rows)
        rnn.train(training)

    def _rows(self, encoder: Encoder, weights: str, name: str, split: FixedImages, first: Batch) -> np.ndarray:
        device, batch = first.image.device, len(first.image)
        images = batch * (split.batches - 1) + len(split.batch(0, split.batches - 1, device).image)
        source = {
            "encoder": repr(encoder.body if isinstance(encoder, Tuned) else encoder),
            "weights": weights,
            "data": split.fingerprint(),
            "images": sha256(first.image.cpu().numpy().tobytes()).hexdigest(),  # depends on size and normalisation
            "torch": torch.__version__,
            "device": device.type,  # kernels of another device round differently
        }

        def make(number: int) -> np.ndarray:
            features: np.ndarray = encoder(split.batch(0, number, device).image).float().cpu().numpy()
            return features

        return self._store.rows(name, source, images, batch, encoder.shape, make)


def _readers(rnn: nn.Module, batch: Batch) -> list[Encoder]:
    """The frozen encoders that encode whole images. Raises ConfigFault where there are none."""
    noted, encoders = _Noted(), [part for part in rnn.modules() if isinstance(part, Encoder)]
    for encoder in encoders:
        encoder.source = noted
    rnn(batch.image, batch.boxes, None, 1, mode, ImageKey("validation", batch.index))
    for encoder in encoders:
        encoder.source = COMPUTED
    if not noted.encoders:
        raise ConfigFault(
            [
                "features=cached: this attention encodes glimpses and never a whole image, so that there is nothing to "
                "cache. Use features=live"
            ]
        )
    frozen = [part for part in noted.encoders if _is_frozen(part)]
    if not frozen:
        raise ConfigFault(
            [
                "features=cached: the encoder is trained, so its features change. Use features=live, or freeze it: "
                "encoder/tuning=frozen, of encoder=torchvision and encoder=residual_map"
            ]
        )
    return frozen


def _is_frozen(encoder: Encoder) -> bool:
    """Whether all of its parameters are in parts that are never trained."""
    tuned = [part for part in encoder.modules() if isinstance(part, Tuned)]
    held = {parameter for part in tuned for parameter in part.parameters()}
    return bool(tuned) and all(part.frozen for part in tuned) and held.issuperset(encoder.parameters())


def _digest(encoder: Encoder) -> str:
    total = sha256()
    for name, value in encoder.state_dict().items():
        total.update(f"{name} {value.dtype} {list(value.shape)}".encode())
        total.update(value.cpu().contiguous().numpy().tobytes())
    return total.hexdigest()
