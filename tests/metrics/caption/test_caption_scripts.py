"""The words that are learned are the words that are scored, in any script; so a model that says them all is perfect."""

import logging
import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmark.metrics.caption.scores import caption_scores
from benchmark.metrics.caption.tokens import tokenized
from benchmark.metrics.caption.tokens import words as scored
from datamodules.captions.captioned import CaptionedImage, CaptionParts
from datamodules.captions.corpus import Corpus, VocabularyLimits
from datamodules.captions.vocabulary import END
from datamodules.words import words as learned

CAPTIONS = {
    "Devanagari": ["एक लाल वर्ग काग़ज़ पर है।", "यहाँ एक नीला वृत्त दिखता है", "क़लम और क़लम मेज़ पर हैं"],
    "Bengali": ["ছেলেটি বল নিয়ে খেলছে।", "একটি কুকুর ঘাসের উপর দৌড়ায়", "মেয়েটি বই পড়ছে এখানে"],
    "Thai": ["หมา วิ่ง บน หญ้า", "แมว กิน น้ำ ที่ บ้าน", "เด็ก เล่น กับ หมา"],
    "pointed Hebrew": ["כֶּלֶב רָץ עַל הַדֶּשֶׁא", "יֶלֶד קוֹרֵא סֵפֶר בַּבַּיִת", "חָתוּל שׁוֹתֶה מַיִם, כָּאן"],
    "Chinese": ["一只 狗 在 草地 上 跑。", "一只 猫 在 家里 喝 水", "孩子 和 狗 一起 玩"],
    "Persian": ["سگ می‌دود روی چمن؟", "گربه آب می‌خورد، اینجا", "کودک کتاب می‌خواند امروز"],
    "marks apart": ["un cafe\u0301 noir et une the\u0301ie\u0300re", "le garc\u0327on mange a\u0300 midi", 
                    "une fene\u0302tre bleue ici"],
    "English": ["A man's dog isn't here.", "Two dogs play on the grass", "it's a black-and-white T-shirt"],
}  # fmt: skip


@pytest.mark.parametrize("script", CAPTIONS)
def test_a_perfect_model_has_the_highest_scores(script):
    """What it says of each image is what it learned of its caption."""
    captions = CAPTIONS[script]
    images = [CaptionedImage(key, None, "", (text,)) for key, text in enumerate(captions)]
    corpus = Corpus(CaptionParts(images, [], []), VocabularyLimits(1, 100, 20))
    symbols = corpus.vocabulary.symbols
    first = corpus.first(corpus.parts[0]).tolist()
    said = [" ".join(symbols[symbol] for symbol in row[: row.index(symbols.index(END))]) for row in first]
    assert "<unk>" not in " ".join(said)
    scores = caption_scores(tokenized(said), [tokenized([text]) for text in captions])
    assert (scores.corpus["BLEU-1"], scores.corpus["ROUGE-L"]) == pytest.approx((1, 1))
    np.testing.assert_allclose(scores.image["CIDEr-D"], 10, rtol=1e-6)


@pytest.mark.parametrize("script", CAPTIONS)
def test_a_mark_never_leaves_its_letter(script):
    for text in CAPTIONS[script]:
        assert len(scored(text)) == len(learned(text))
        assert [*map(len, learned(text))] != [1] * len(learned(text))


LETTERS = "कखग़\u093e\u093c\u094dबোিক้ำากדכּ\u05b6狗跑 ñe\u0301ı .,!।。؟'’-/(9\u200d"


@settings(max_examples=200, deadline=None)
@example("क" + "’s n't")
@given(st.text(LETTERS, max_size=30).map(lambda text: f"क {text}"))
def test_what_is_learned_of_any_caption_beyond_latin_is_what_is_scored(text):
    assert scored(text) == learned(text) == scored(" ".join(learned(text)))


def test_captions_without_blanks_are_told(caplog):
    images = [CaptionedImage(key, None, "", ("一只狗在草地上跑来跑去", "a dog")) for key in range(2)]
    corpus = Corpus(CaptionParts(images, [], []), VocabularyLimits(1, 10, 9))
    with caplog.at_level(logging.WARNING):
        corpus.captions(corpus.parts[0])
    assert re.search(r"2 of 4 training captions have no blanks .* learned and scored as one word", caplog.text)
