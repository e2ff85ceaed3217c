"""The data set of image captioning: the target is the sequence of a caption's words, then the end symbol.

Axes: N images, K boxes of a photograph.
"""

from collections.abc import Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, final

import torch
from torch import Tensor

from datamodules.base import BaseData, Splits
from datamodules.captions.buckets import Buckets
from datamodules.captions.captioned import CaptionSource, NamedBoxes, refuse
from datamodules.captions.corpus import Corpus, VocabularyLimits
from datamodules.captions.examples import Examples
from datamodules.captions.splits import BucketedCaptions, FirstCaption
from datamodules.contract import DataFault, TaskSpec
from datamodules.photos.augmentation import Augmentation
from datamodules.photos.photo_splits import FixedPhotos, PhotoCropper
from datamodules.photos.photo_stock import PhotoReading, PhotoSource, digest, outline, sound, stock
from datamodules.photos.photographs import Floats, Photograph
from datamodules.photos.pictures import central_crops
from datamodules.ranges import Natural
from datamodules.storage.cache import Cache

CHECK = "attention-check-data coco"


class PhotoSettings(NamedTuple):
    """Preprocessing of photographs. reading: how they are decoded. make: their augmentation. size: side of an image in
    pixels, cropped from photographs whose short side is reading.short: a random square in training, the centre in
    evaluation. objects: number of boxes kept of each object class, the largest first; 0 reads no boxes.
    """

    reading: PhotoReading
    make: Augmentation
    size: int
    objects: int


class SplitSizes(NamedTuple):
    """images_per_epoch: rounded up to whole batches. validation_images, test_images: upper bounds; the first images are
    taken.
    """

    batch_size: int
    images_per_epoch: int
    evaluation_batch_size: int
    validation_images: int
    test_images: int


class ReadablePhotos(NamedTuple):
    """The readable photographs of all splits. image: index in the corpus of each photograph. row: index in the stock of
    each image of the corpus, -1 for unreadable ones.
    """

    stock: PhotoSource
    photos: list[Photograph]
    image: Tensor
    row: Tensor


@final
class ImageCaptions(BaseData):
    """Captioned photographs of a source.

    The vocabulary consists of the words of the training captions, so `spec` reads the captions first, but no
    photograph. name, origin: see TaskSpec. seed: of the training stream. examples: which captions an epoch has. Raises
    DataFault for impossible sizes.
    """

    def __init__(self, name: str, origin: str, seed: Natural, source: CaptionSource, cache: Cache,
                 limits: VocabularyLimits, examples: Examples, photos: PhotoSettings, sizes: SplitSizes,
                 ) -> None:  # fmt: skip
        super().__init__()
        if photos.size > photos.reading.short:
            raise DataFault(
                f"data.size={photos.size} px has to fit into photographs with a short side of "
                f"data.short={photos.reading.short} px."
            )
        self._name, self._origin, self._seed, self.source, self._cache = name, origin, seed, source, cache
        self._limits, self._examples, self._shown, self._amounts = limits, examples, photos, sizes

    @property
    def spec(self) -> TaskSpec:
        vocabulary = self._corpus.vocabulary
        return self._spec(vocabulary.symbols, vocabulary.end, self._objects.names)

    def outline(self, symbols: Sequence[str]) -> TaskSpec:
        return self._spec(tuple(symbols), len(symbols) - 1, ("object",))

    def _spec(self, symbols: tuple[str, ...], end: int, kinds: Sequence[str]) -> TaskSpec:
        return TaskSpec(
            name=self._name,
            origin=self._origin,
            image_shape=(3, self._shown.size, self._shown.size),
            symbols=symbols,
            max_steps=self._limits.max_words + 1,
            end=end,
            background=0.0,  # the mean colour
            box_names=tuple(name for name in kinds for _ in range(self._shown.objects)),
        )

    def fetch(self) -> None:
        self.source.fetch()

    def pictures(self, paths: Sequence[Path]) -> Tensor:
        """(N, C, S, S) float: any image files, preprocessed as for evaluation. Raises DataFault that lists all
        unreadable files.
        """
        return central_crops(paths, self._shown.reading, self._shown.size, self._shown.make.still)

    @cached_property
    def _corpus(self) -> Corpus:
        self.source.fetch()
        return Corpus(self.source.parts(), self._limits)

    @cached_property
    def _objects(self) -> NamedBoxes:
        if not self._shown.objects:
            return NamedBoxes((), {})
        found, faults = self.source.objects()
        refuse(faults)
        return found

    def read(self) -> Splits:
        corpus, gallery, amounts = self._corpus, self._gallery(), self._amounts
        train, validation, test = (part[gallery.row[part] >= 0] for part in corpus.parts)
        validation, test = validation[: amounts.validation_images], test[: amounts.test_images]
        buckets = Buckets(corpus.captions(train), self._examples, self._seed, amounts.batch_size)
        batches = -(-amounts.images_per_epoch // amounts.batch_size)
        chosen = {"train": train, "validation": validation, "test": test}
        rows, still = gallery.row[train], self._fixed(gallery, train)
        return Splits(
            train=BucketedCaptions(self._cutter(gallery), self._shown.make, rows, buckets, self._seed, batches, still),
            validation=self._fixed(gallery, validation),
            test=self._fixed(gallery, test),
            references={name: corpus.references(part) for name, part in chosen.items()},
            training=lambda: outline([gallery.photos[row] for row in rows.tolist()], corpus.references(train)),
        )

    def _gallery(self) -> ReadablePhotos:
        images, reading = self._corpus.images, self._shown.reading
        order = sorted(range(len(images)), key=lambda number: images[number].path)  # independent of the split
        photos = [Photograph(images[number].path, boxes=self._boxes(images[number].key)) for number in order]
        kept = sound(photos, self._name, reading, self._cache, CHECK)
        image, row = torch.tensor(order)[kept], torch.full((len(images),), -1)
        row[image] = torch.arange(len(kept))
        photos = [photos[place] for place in kept]
        return ReadablePhotos(stock(photos, self._name, reading, self._cache), photos, image, row)

    def _boxes(self, key: int) -> Floats:
        return self._objects.largest(key, self._shown.objects)

    def _cutter(self, gallery: ReadablePhotos) -> PhotoCropper:
        kinds, shown = len(self._objects.names), self._shown
        return PhotoCropper(gallery.stock, shown.size, kinds * shown.objects, shown.reading.workers)

    def _fixed(self, gallery: ReadablePhotos, part: Tensor) -> FixedPhotos:
        """An evaluation split, whose fingerprint depends on the photographs, their size and all their captions."""
        corpus, rows = self._corpus, gallery.row[part]

        def content() -> str:
            pixels = digest([gallery.photos[row] for row in rows.tolist()], self._shown.reading)
            return sha256(f"{pixels} {self._shown.size} {corpus.references(part)!r}".encode()).hexdigest()

        first = FirstCaption(corpus.first(gallery.image))
        size = self._amounts.evaluation_batch_size
        return FixedPhotos(self._cutter(gallery), self._shown.make.still, first, rows, size, content)
