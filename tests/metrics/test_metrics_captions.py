"""The measure of captions: words out of symbols, references by index, METEOR in the test alone."""

import numpy as np
import pytest
import torch
from models import no_boxes, no_references

from benchmark.metrics import captions
from benchmark.metrics.caption.meteor import Meteor, MeteorMissing
from benchmark.metrics.caption.scores import caption_scores
from benchmark.metrics.captions import CaptionScores
from datamodules.contract import IGNORED, Batch, DataFault, TaskSpec

WORDS = ("<unk>", "a", "red", "blue", "ball", "box", "end")
END, NO = 6, IGNORED
SPEC = TaskSpec("toy", "synthetic", (1, 2, 2), WORDS, 4, END, 0.0, ())
REFERENCES = [["A red ball.", "a ball"], ["A blue box!", "The box"], ["a red box", "box, red"]]
SAID = [[1, 2, 4, END], [1, 3, 5, END], [END, NO, NO, NO], [1, 1, 1, 1]]


def judged(split="test", symbols=SAID, index=(0, 1, 2, 2), references=lambda split: REFERENCES, meteor=False):
    measure = CaptionScores(SPEC, references, meteor)
    symbol_BT, size = torch.tensor(symbols), len(symbols)
    batch = Batch(torch.zeros(size, 1, 2, 2), symbol_BT, no_boxes(size), torch.tensor(index))
    parts = {name: part.numpy() for name, part in measure.parts(symbol_BT, torch.zeros(size, 4, 7), batch).items()}
    return measure.compute(split, {"index": np.array(index), **parts})


def test_captions_are_scored_as_words_against_all_that_was_written():
    found = judged()
    said = ["a red ball", "a blue box", "", "a a a a"]
    written = [["a red ball", "a ball"], ["a blue box", "the box"], *[["a red box", "box red"]] * 2]
    expected = caption_scores(said, written)
    assert found.value_N.tolist() == expected.image["CIDEr-D"].tolist()
    assert found.summary["CIDEr-D"] == pytest.approx(found.value_N.mean()) and found.value_N[0] > found.value_N[3]
    assert found.summary["BLEU-4"] == expected.corpus["BLEU-4"]
    assert (found.summary["words"], found.summary["vocabulary"], found.summary["unfinished"]) == (2.5, 5, 0.25)


def test_meteor_is_asked_for_in_the_test_alone_and_bears_its_own_name(monkeypatch):
    monkeypatch.setattr(captions, "meteor", lambda *_: Meteor("METEOR-nltk", 0.5, np.full(4, 0.25)))
    assert judged(meteor=True).summary["METEOR-nltk"] == 0.5
    assert "METEOR-nltk" not in judged("validation", meteor=True).summary | judged(meteor=False).summary

    def missing(*_):
        raise MeteorMissing("no Java")

    monkeypatch.setattr(captions, "meteor", missing)
    assert not [key for key in judged(meteor=True).summary if key.startswith("METEOR")]


def test_each_split_has_references_of_its_own():
    """One measure judges validation after validation, and then the test: the first image's caption is right in one."""
    measure = CaptionScores(SPEC, {"validation": REFERENCES, "test": REFERENCES[::-1]}.__getitem__, meteor=False)
    parts = {"symbol": np.array([SAID[0]]), "length": np.array([3]), "unfinished": np.array([False])}
    parts |= {name: np.concatenate([part] * 2) for name, part in parts.items()}
    found = [measure.compute(split, {"index": np.array([0, 2]), **parts}).value_N for split in ("validation", "test")]
    assert found[0][0] == found[1][1] > found[0][1] == found[1][0]


def test_more_is_better():
    """The best checkpoint is that with the highest CIDEr-D."""
    assert CaptionScores.headline.is_better(1.0, 0.5) and not CaptionScores.headline.is_better(0.5, 1.0)


def test_data_of_which_nobody_wrote_anything_are_refused():
    for references in (no_references, lambda split: REFERENCES[:2], lambda split: [*REFERENCES[:2], []]):
        with pytest.raises(DataFault, match="reference captions of every image of test"):
            judged(references=references)
