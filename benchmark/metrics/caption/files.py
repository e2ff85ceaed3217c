"""Scores of a file of results against a file of reference captions."""

from pathlib import Path
from typing import Any, NamedTuple

from benchmark.metrics.caption.coco_json import (
    official_references,
    official_results,
    refuse,
    tokenized_references,
    tokenized_results,
)
from benchmark.metrics.caption.meteor import MeteorMissing, meteor
from benchmark.metrics.caption.scores import Scores, caption_scores
from benchmark.metrics.caption.tokens import tokenized


class Scored(NamedTuple):
    """images: ids of the images scored, in the order of the scores. remark: why METEOR is missing, or ""."""

    images: list[Any]
    scores: Scores
    remark: str


def score_files(references: Path, results: Path, is_tokenized: bool, subset: bool, jar: Path | None) -> Scored:
    """All caption scores of a file of results. is_tokenized: whether both files hold tokenised captions. subset: score
    only the images that have a result; otherwise each must have one. jar: as in `meteor`.

    METEOR is included where a program for it is installed. Raises DataFault with all faults of a file.
    """
    read = (tokenized_references, tokenized_results) if is_tokenized else (official_references, official_results)
    truth, result = read[0](references), read[1](results)
    unknown = [f"image {image} is not in {references}" for image in result if image not in truth]
    missing = [f"image {image} of {references} has no result" for image in truth if image not in result and not subset]
    refuse(results, unknown + missing)
    refuse(references, [f"image {image} has no caption" for image in result if not truth[image]])
    images = [image for image in truth if image in result]
    split = list if is_tokenized else tokenized
    candidates = list(split([result[image] for image in images]))
    several = [list(split(truth[image])) for image in images]
    scores = caption_scores(candidates, several)
    try:
        found = meteor(candidates, several, jar)
    except MeteorMissing as why:
        return Scored(images, scores, str(why))
    with_meteor = Scores(scores.corpus | {found.name: found.corpus}, scores.image | {found.name: found.image_N})
    return Scored(images, with_meteor, "")
