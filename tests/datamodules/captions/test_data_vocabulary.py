"""Words, vocabulary, targets and buckets, worked by hand."""

import pytest
import torch

from datamodules.captions.buckets import Buckets, CaptionExamples
from datamodules.captions.captioned import CaptionedImage, CaptionParts
from datamodules.captions.corpus import Corpus, VocabularyLimits
from datamodules.captions.examples import EveryCaption, OneEach
from datamodules.captions.vocabulary import Vocabulary, number_words
from datamodules.contract import IGNORED, DataFault
from datamodules.words import words


@pytest.mark.parametrize("caption, told", [
    ("A man's dog isn't here.", "a man 's dog is n't here"),
    ("They can't, won\u2019t; we'll", "they ca n't wo n't we 'll"),
    ("a black-and-white T-shirt at 3 o'clock!", "a black-and-white t-shirt at 3 o'clock"),
    ("'quoted' \"words\" (in brackets)...", "quoted words in brackets"),
    ("<b>bold</b> & more\nlines", "b bold b more lines"),
    ("CAFE\u0301 \u00fcber \u72ac \U0001f436 \uff41", "caf\u00e9 \u00fcber \u72ac \uff41"),
    ("3/4 of 20.50", "3/4 of 20.50"),
    ("... !?", ""),
])  # fmt: skip
def test_words(caption, told):
    assert " ".join(words(caption)) == told


def vocabulary(*captions, least=1, most=100):
    known = {}
    train = number_words(captions, known)
    return Vocabulary(known, train, least, most), train, known


def test_words_stand_by_frequency_then_alphabet_between_unknown_and_end():
    assert vocabulary("b a c", "c a", "c d")[0].symbols == ("<unk>", "c", "a", "b", "d", "<end>")
    assert vocabulary("b a c", "c a", "c d", least=2)[0].symbols == ("<unk>", "c", "a", "<end>")
    assert vocabulary("b a c", "c a", "c d", most=1)[0].symbols == ("<unk>", "c", "<end>")
    assert vocabulary("c d", "c a", "b a c")[0].symbols == vocabulary("b a c", "c a", "c d")[0].symbols
    with pytest.raises(DataFault, match=r"no word stands data.min_count=9 times"):
        vocabulary("a b", least=9)


def test_targets_end_with_the_end_and_long_captions_are_cut():
    book, train, _ = vocabulary("a b a", "c a", "", "b b b b")
    end = book.end
    a, b, c = (book.symbols.index(word) for word in "abc")
    told = book.targets(train, 3)
    assert told.symbol.tolist() == [[a, b, a, end], [c, a, end, IGNORED], [end, *[IGNORED] * 3], [b, b, b, end]]
    assert told.length.tolist() == [4, 3, 1, 4]


def test_a_corpus_counts_training_words_alone():
    def image(key, *captions):
        return CaptionedImage(key, None, "", captions)

    corpus = Corpus(
        CaptionParts([image(1, "a b", "a")], [image(2, "a z")], [image(3, "z z z z", "b")]), VocabularyLimits(1, 10, 3)
    )
    assert corpus.vocabulary.symbols == ("<unk>", "a", "b", "<end>")
    assert corpus.first(torch.tensor([2, 1])).tolist() == [[0, 0, 0, 3], [1, 0, 3, IGNORED]]
    assert corpus.references(corpus.parts[2]) == (("z z z z", "b"),)
    assert [part.tolist() for part in corpus.parts] == [[0], [1], [2]]


def test_what_is_cut_or_says_nothing_is_told(caplog):
    images = [CaptionedImage(1, None, "", ("...", "a b c")), CaptionedImage(2, None, "", ("a", "b b"))]
    told = Corpus(CaptionParts(images, [], []), VocabularyLimits(1, 10, 2)).captions(torch.tensor([1, 0]))
    assert told.per_image.tolist() == [2, 1] and told.length.tolist() == [2, 3, 3]
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "1 of 4 training captions have more than 2 words and are cut",
        "1 of 4 training captions have no word",
    ]


def stock(lengths, count):
    length = torch.tensor(lengths)
    place = torch.arange(max(lengths))
    target = torch.where(place < length[:, None], torch.arange(len(lengths))[:, None], IGNORED)
    return CaptionExamples(target, length, torch.tensor(count))


def a_pass(buckets, turn=0):
    return [buckets.at(turn * buckets.batches + number) for number in range(buckets.batches)]


def test_a_pass_has_every_caption_once_in_batches_of_near_equal_length():
    captions = stock([2, 5, 3, 2, 5, 3, 2, 4, 3, 5, 2], [2, 1, 3, 0, 5])
    buckets = Buckets(captions, EveryCaption(), 0, 3)
    assert buckets.batches == 4
    found = a_pass(buckets)
    said = [int(row[0]) for batch in found for row in batch.target]
    assert sorted(said) == list(range(11))
    image = torch.repeat_interleave(captions.per_image)
    assert [int(place) for batch in found for place in batch.image] == image[said].tolist()
    for batch in found:
        own = (batch.target != IGNORED).sum(1)
        assert batch.target.shape[1] == own.max() and own.max() - own.min() <= 1
    assert sorted(len(batch.image) for batch in found) == [2, 3, 3, 3]


def test_a_batch_is_a_function_of_seed_and_place():
    captions = stock([2, 3] * 10, [1] * 20)
    one, again, other = (Buckets(captions, EveryCaption(), seed, 4) for seed in (0, 0, 1))
    late = again.at(7)
    assert all(torch.equal(a.target, b.target) for a, b in zip(a_pass(one), a_pass(again), strict=True))
    assert torch.equal(one.at(7).target, late.target)
    assert any(not torch.equal(a.image, b.image) for a, b in zip(a_pass(one), a_pass(other), strict=True))
    assert any(not torch.equal(a.image, b.image) for a, b in zip(a_pass(one), a_pass(one, 1), strict=True))


def test_captions_of_one_length_meet_others_in_each_pass_and_lengths_come_in_any_order():
    equal = Buckets(stock([3] * 12, [1] * 12), EveryCaption(), 0, 4)
    met = {frozenset(batch.image.tolist()) for turn in range(10) for batch in a_pass(equal, turn)}
    assert len(met) > 20  # of 30 batches
    buckets = Buckets(stock([2, 3, 4, 5], [1] * 4), EveryCaption(), 0, 1)
    orders = {tuple(batch.target.shape[1] for batch in a_pass(buckets, turn)) for turn in range(20)}
    assert len(orders) > 10


def test_one_caption_each_is_another_one_in_another_pass():
    captions = stock([2] * 9, [4, 0, 5])
    buckets = Buckets(captions, OneEach(), 0, 8)
    passes = [a_pass(buckets, turn) for turn in range(20)]
    assert all(sorted(batch.image.tolist()) == [0, 2] for found in passes for batch in found)
    assert {int(symbol) for found in passes for batch in found for symbol in batch.target[:, 0]} == set(range(9))
