"""BLEU, ROUGE-L and CIDEr-D: COCO's code where it is installed, and values that it gave where it is not."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from benchmark.metrics.caption.bleu import bleu
from benchmark.metrics.caption.cider import cider_d
from benchmark.metrics.caption.ngrams import captions, count
from benchmark.metrics.caption.rouge import rouge_l
from benchmark.metrics.caption.scores import caption_scores

WORDS = ["a", "dog", "the", "on", "Dog", ",", "n't", "é", "漢字", "🐶", "|||", "<unk>", "-lrb-"]
BLANKS = [" ", " ", " ", "  ", "\u00a0", "\t", "\n", "\u3000"]


@st.composite
def texts(draw):
    """Captions of few words, so that they meet, with any white space between; now and then empty, long or anything."""
    words = draw(st.lists(st.sampled_from(WORDS), max_size=9))
    text = "".join(word + draw(st.sampled_from(BLANKS)) for word in words)
    form = draw(st.sampled_from(["stripped"] * 4 + ["as it is", "long", "anything"]))
    return {
        "stripped": text.strip(),
        "as it is": text,
        "long": " ".join(words * 40),
        "anything": draw(st.text(max_size=8)),
    }[form]


IMAGE = st.tuples(texts(), st.lists(texts(), min_size=1, max_size=6))


def scores(candidates, references):
    """Corpus and per-image values of all six, as lists."""
    read = captions(candidates, references)
    counts = count(read)
    found = bleu(read, counts)
    per_image = [*found.image_KN, rouge_l(candidates, references), cider_d(read, counts)]
    return [*found.corpus_K, per_image[4].mean(), per_image[5].mean()], per_image


def of_coco(candidates, references):
    ours = {place: [text] for place, text in enumerate(candidates)}
    theirs = {place: list(several) for place, several in enumerate(references)}
    corpus, per_image = [], []
    for name, arguments in (("bleu", {"verbose": 0}), ("rouge", {}), ("cider", {})):
        module = pytest.importorskip(f"pycocoevalcap.{name}.{name}")
        kind = getattr(module, name.capitalize())
        one, each = kind().compute_score(theirs, ours, **arguments)
        corpus += np.atleast_1d(one).tolist()
        per_image += np.atleast_2d(np.array(each)).tolist()
    return corpus, per_image


def same(ours, theirs):
    np.testing.assert_allclose(ours[0], theirs[0], rtol=0, atol=1e-9)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=0, atol=1e-9)


@settings(max_examples=150, deadline=None)
@given(st.lists(IMAGE, min_size=1, max_size=6))
def test_scores_are_those_of_coco_for_any_captions(images):
    candidates, references = zip(*images, strict=True)
    assume(any(text.split() for several in references for text in several))  # where all are empty, COCO's code fails
    same(scores(candidates, references), of_coco(candidates, references))


CORPUS = {
    "a dog runs on the grass": ["a brown dog runs on green grass", "the dog is running", "a dog on the grass", "dog",
                                "a dog runs on the grass in a park near a pond", "an animal"],
    "": ["nothing to see here", "an empty room"],
    "two two two two two two": ["two birds on a wire", "two two"],
    "man": ["a man", "man"],
    "a plate of food , with a fork": ["a plate of food with a fork", "food on a plate", "a fork and a knife"],
    "un café à la plage 漢字 🐶": ["a café at the beach 漢字 🐶", "la plage"],
    "the cat " + "sat on the mat " * 30: ["the cat sat on the mat"],
    "a dog runs on grass": ["a dog runs on grass"],
    " double  blanks ": ["double blanks", " double  blanks ", ""],
}  # fmt: skip
"""Hand-made: six references, empty, repeated, one word, punctuation, other scripts, very long, equal, odd blanks."""

EXPECTED = (
    [
        0.21656050955276077,
        0.18283545467929818,
        0.14881732981041412,
        0.12152511232076983,
        0.6946772580027217,
        2.5565535469793477,
    ],
    [
        [
            0.9999999998333334,
            0.0,
            0.3333333332777779,
            0.999999998000002,
            0.8749999998906252,
            0.7142857140816329,
            0.04918032786844935,
            0.9999999996000004,
            0.9999999990000008,
        ],
        [
            0.9999999998166668,
            0.0,
            0.25819888969982485,
            0.0009999999985000015,
            0.7905694149362151,
            0.48795003632904355,
            0.04508042760694394,
            0.9999999995750004,
            0.9999999987500011,
        ],
        [
            0.9999999997944446,
            0.0,
            2.5543647741201164e-06,
            9.999999986666685e-05,
            0.6786044040504369,
            3.6246012422095704e-06,
            0.0407647640562191,
            0.9999999995388893,
            0.009999999990000012,
        ],
        [
            0.9999999997625002,
            0.0,
            8.633400211654075e-09,
            3.162277656215536e-05,
            0.4999999999206847,
            1.044552272724476e-08,
            0.03614991438517829,
            0.9999999994791672,
            0.0009999999991250007,
        ],
        [1.0, 0.0, 0.5495495495495495, 1.0, 0.9446902654867256, 0.646643109540636, 0.11121239744758431, 1.0, 1.0],
        [
            2.017814285289478,
            0.0,
            0.6504127008257201,
            2.4622904983667016,
            2.88744549715161,
            1.6576856078472875,
            2.491147042496101e-82,
            10.0,
            3.333333333333333,
        ],
    ],
)
"""What pycocoevalcap 1.2 gave for it: BLEU-1 to 4, ROUGE-L, CIDEr; of the corpus, and of each image."""


def test_scores_of_a_corpus_as_coco_gave_them():
    found = scores(list(CORPUS), list(CORPUS.values()))
    same(found, EXPECTED)


def test_the_stored_values_are_cocos():
    same(EXPECTED, of_coco(list(CORPUS), list(CORPUS.values())))


def test_of_one_image_every_word_is_everywhere():
    assert scores(["a dog runs on"], [["a dog runs on"]])[1][5].tolist() == [0.0]


def test_a_word_of_all_images_gives_no_direction_however_many_images():
    for images in (2, 3, 7, 49, 1000, 3001):
        found = scores(["the"] * images, [[f"the w{place}"] for place in range(images)])[1][5]
        assert not found.any()


def test_equal_captions_score_ten_in_cider():
    texts = [f"w{place} x{place} y{place} z{place}" for place in range(5)]
    assert scores(texts, [[text] for text in texts])[0] == pytest.approx([1, 1, 1, 1, 1, 10], abs=1e-6)


def test_cider_by_hand():
    """Two images; unigrams only, so three of the four lengths give 0."""
    value = scores(["red dog", "cat"], [["dog"], ["cat"]])[1][5]
    # ln 2 for each of "red", "dog": cosine 1 / sqrt(2), one bigram against none.
    assert value[0] == pytest.approx(10 / 4 / math.sqrt(2) * math.exp(-1 / 72))
    assert value[1] == pytest.approx(10 / 4)


def test_the_closest_reference_is_the_shorter_of_two():
    read = captions(["a b c d"], [["a b c d e f", "a b"]])
    assert bleu(read, count(read)).image_KN[0] == pytest.approx([1.0])  # against 2 words: no penalty


def test_the_closest_reference_may_be_longer():
    read = captions(["a b c d"], [["a b c d e", "a"]])
    assert bleu(read, count(read)).image_KN[0] == pytest.approx([math.exp(1 - 5 / 4)])


def test_scores_of_a_corpus_are_named_and_bleu_is_of_summed_counts():
    """Unigrams: 1 of 1 right, against 2 words, and 2 of 4 right, against 4: in all 3 of 5, against 6."""
    found = caption_scores(["a", "c d x y"], [["a b"], ["c d e f"]])
    plain = "BLEU-1 without brevity penalty"
    assert found.corpus["BLEU-1"] == pytest.approx(3 / 5 * math.exp(1 - 6 / 5))
    assert found.corpus[plain] == pytest.approx(3 / 5)
    assert found.image["BLEU-1"] == pytest.approx([math.exp(-1), 0.5])
    assert found.image[plain] == pytest.approx([1, 0.5])
    # of the first image precision 1 and recall 1/2, of the second both 1/2
    rouge = 2.44 * 0.5 / (0.5 + 1.44)
    assert found.image["ROUGE-L"] == pytest.approx([rouge, 0.5])
    assert found.corpus["ROUGE-L"] == pytest.approx((rouge + 0.5) / 2)
    assert found.corpus["CIDEr-D"] == pytest.approx(found.image["CIDEr-D"].mean())


def test_bleu_without_brevity_penalty_by_hand():
    read = captions(["a b"], [["a b c d"]])
    found = bleu(read, count(read))
    assert found.plain_K[:2] == pytest.approx([1, 1], abs=1e-8)
    assert found.corpus_K[:2] == pytest.approx([math.exp(-1)] * 2, abs=1e-8)
    assert found.plain_K[2] == pytest.approx((1e-15 / 1e-9) ** (1 / 3))  # no 3-gram: neither one guessed nor 1 of 1


def test_references_that_are_all_empty_score_nothing():
    corpus, per_image = scores(["a dog", ""], [[""], ["", " "]])
    assert corpus[:4] == pytest.approx([0] * 4, abs=1e-3) and per_image[5].tolist() == [0, 0]
    assert per_image[4].tolist() == [0, 1]  # an empty caption is one empty word, also of COCO's


@pytest.mark.parametrize("given", [(["a"], [[]]), (["a"], []), (["a", "b"], [["a"]])])
def test_an_image_without_reference_is_told(given):
    with pytest.raises(ValueError, match="at least one reference"):
        captions(*given)
