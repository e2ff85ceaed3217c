"""Constructors of the captioning data sets, as the yaml files call them: COCO, Flickr8k, Flickr30k, and a sample."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from datamodules.captions.captioned import CaptionSource
from datamodules.captions.coco_files import CocoSample, Download, HeldOut, Karpathy, Official
from datamodules.captions.coco_sample import YEAR
from datamodules.captions.corpus import VocabularyLimits
from datamodules.captions.image_captions import ImageCaptions, PhotoSettings, SplitSizes
from datamodules.photos.augmentation import Augmentation, Jitter
from datamodules.photos.photo_stock import PhotoReading
from datamodules.ranges import ArgumentsOf, Colours, Count, Deviations, Natural, SomeShare
from datamodules.storage.archives import Zip
from datamodules.storage.cache import Cache
from datamodules.storage.samples import SampleSettings


def captions(
    source: CaptionSource,
    cache: str,
    min_count: Count,
    max_size: Count,
    max_words: Count,
    short: Count,
    size: Count,
    keep_decoded: bool,
    skip_unreadable: bool,
    workers: Count,
    mean: Colours,
    std: Deviations,
    jitter: Annotated[Mapping[str, float], ArgumentsOf(Jitter)],
    objects: Natural,
    batch_size: Count,
    images_per_epoch: Count,
    evaluation_batch_size: Count,
    validation_images: Count,
    test_images: Count,
    **task: Annotated[Any, ArgumentsOf(ImageCaptions)],
) -> ImageCaptions:
    """ImageCaptions of a source. The arguments are those of VocabularyLimits, PhotoReading, Augmentation, PhotoSettings
    and SplitSizes, all others those of ImageCaptions.
    """
    make = Augmentation(size, tuple(mean), tuple(std), Jitter(**jitter))
    return ImageCaptions(
        source=source,
        cache=Cache(Path(cache)),
        limits=VocabularyLimits(min_count, max_size, max_words),
        photos=PhotoSettings(PhotoReading(short, workers, keep_decoded, skip_unreadable), make, size, objects),
        sizes=SplitSizes(batch_size, images_per_epoch, evaluation_batch_size, validation_images, test_images),
        **task,
    )


Further = Annotated[Any, ArgumentsOf(captions)]
Sizes = Annotated[Mapping[str, int], ArgumentsOf(SampleSettings)]


def karpathy(
    root: str,
    file: str,
    images: str,
    splits: Mapping[str, str],
    instances: Sequence[str],
    download: bool,
    archives: Sequence[Mapping[str, Any]],
    mirrors: Mapping[str, Sequence[str]],
    **task: Further,
) -> ImageCaptions:
    """A data set in Karpathy's split, see Karpathy. All other arguments are those of `captions`."""
    wanted = downloads(archives, mirrors, download)
    return captions(Karpathy(Path(root), file, images, splits, instances, wanted), **task)


def official(
    root: str,
    year: Literal[2014, 2017],
    split_seed: Natural,
    validation_share: SomeShare,
    download: bool,
    archives: Sequence[Mapping[str, Any]],
    mirrors: Mapping[str, Sequence[str]],
    **task: Further,
) -> ImageCaptions:
    """COCO in its official files, see Official. All other arguments are those of `captions`. Raises DataFault."""
    held_out = HeldOut(task["validation_images"], validation_share, split_seed)
    source = Official(Path(root), year, held_out, downloads(archives, mirrors, download))
    return captions(source, **task)


def coco_sample(
    root: str,
    cache: str,
    sample: Sizes,
    split_seed: Natural,
    validation_share: SomeShare,
    **task: Further,
) -> ImageCaptions:
    """Synthetic scenes, see CocoSample; written into a folder under `root` named by the sample's sizes and seed."""
    settings = SampleSettings(**sample)
    folder = Path(root) / settings.name("coco")
    held_out = HeldOut(task["validation_images"], validation_share, split_seed)
    files = Official(folder, YEAR, held_out, Download([], {}))
    return captions(CocoSample(folder, settings, files), cache=str(Path(cache) / folder.name), **task)


def downloads(archives: Sequence[Mapping[str, Any]], mirrors: Mapping[str, Sequence[str]], download: bool) -> Download:
    """The archives that a yaml lists; none where download is false."""
    return Download([Zip(**archive) for archive in archives] if download else [], mirrors)
