"""Drawn scenes: what captions say is what is seen."""

import numpy as np

from datamodules.captions.coco_files import CocoSample, Download, HeldOut, Official
from datamodules.captions.coco_sample import write_coco_sample
from datamodules.captions.drawing import COLOURS, RELATIONS, SIDE, captions, picture, scene
from datamodules.storage.samples import SampleSettings
from datamodules.words import words

KEYS = [f"3/{number}" for number in range(60)]


def test_boxes_hold_the_colours_that_captions_name():
    for key in KEYS:
        told = scene(key)
        pixels = np.asarray(picture(told, key)).astype(int)
        for thing in (told.first, told.second):
            for x0, y0, x1, y1 in thing.boxes:
                assert 0 <= x0 < x1 <= SIDE and 0 <= y0 < y1 <= SIDE
                inside = pixels[round(y0) : round(y1), round(x0) : round(x1)]
                near = np.abs(inside - COLOURS[thing.colour]).max(-1) <= 20
                assert near.mean() > 0.25, (key, thing)


def test_relations_hold_in_the_picture():
    holds = {
        "left of": lambda a, b: a[2] < b[0], "right of": lambda a, b: a[0] > b[2],
        "above": lambda a, b: a[3] < b[1], "below": lambda a, b: a[1] > b[3],
        "inside": lambda a, b: a[0] > b[0] and a[1] > b[1] and a[2] < b[2] and a[3] < b[3],
    }  # fmt: skip
    seen = set()
    for key in KEYS:
        first, relation, second = scene(key)
        seen.add(relation)
        assert all(holds[relation](box, second.boxes[0]) for box in first.boxes), key
    assert seen == set(RELATIONS)


def test_five_captions_of_a_small_vocabulary_tell_what_there_is():
    book = set()
    for key in KEYS * 2:
        told = scene(key)
        five = captions(told, key)
        assert len(set(five)) == 5 and all(6 <= len(words(text)) <= 11 for text in five)
        assert all(text.split() == words(text) for text in five)
        assert all(told.first.colour in text and told.second.shape in text for text in five)
        assert sum(told.relation in text for text in five) >= 3
        book |= {word for text in five for word in words(text)}
    assert 25 <= len(book) <= 50


def test_a_sample_is_written_once_in_the_official_layout_and_read_like_it(tmp_path):
    folder = tmp_path / "deep" / "sample"
    files = Official(folder, 2017, HeldOut(3, 0.5, 0), Download([], {}))
    source = CocoSample(folder, SampleSettings(train=10, test=4, seed=5), files)
    source.fetch()
    train, validation, test = source.parts()
    assert [len(part) for part in (train, validation, test)] == [7, 3, 4]
    assert all(
        len(image.captions) == 5 and image.path.is_file() for part in (train, validation, test) for image in part
    )
    objects, faults = source.objects()
    assert faults == [] and objects.names == ("circle", "square", "triangle", "cross") and len(objects.found) == 14
    stamp = (folder / "annotations/captions_train2017.json").stat().st_mtime_ns
    source.fetch()
    assert (folder / "annotations/captions_train2017.json").stat().st_mtime_ns == stamp
    assert "Not COCO" in (folder / "annotations/captions_val2017.json").read_text()


def test_a_sample_is_a_function_of_its_seed(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_coco_sample(tmp_path / name, SampleSettings(train=3, test=1, seed=seed))
    told = [(tmp_path / name / "annotations/captions_train2017.json").read_bytes() for name in "abc"]
    assert told[0] == told[1] != told[2]
    images = [(tmp_path / name / "train2017/000000000001.jpg").read_bytes() for name in "ab"]
    assert images[0] == images[1]
