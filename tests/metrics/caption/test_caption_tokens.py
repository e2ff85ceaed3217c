"""The words of captions: as COCO's tokenizer gave them, and as it gives them where Java and it are there."""

import importlib.util
import random
import shutil

import pytest

from benchmark.metrics.caption.tokens import PUNCTUATION, tokenized, words

KNOWN = {
    "A man riding a wave on top of a surfboard.": "a man riding a wave on top of a surfboard",
    " Two dogs  play .\n": "two dogs play",
    "": "",
    "...": "",
    "A dog. A cat.": "a dog a cat",
    "A dog.A cat is here": "a dog.a cat is here",
    "the table.. and condiments....": "the table and condiments",
    "Cars exit onto Sunset Blvd.": "cars exit onto sunset blvd.",
    'A sign that says "Main St."': "a sign that says main st.",
    "at 3:30 p.m.": "at 3:30 p.m.",
    "at 3:30pm.": "at 3:30 pm",
    "The U.S.": "the u.s.",
    "J. Smith at platform B. The end of platform B.": "j. smith at platform b the end of platform b",
    "A dog": "a dog",
    "a man in LA. or Philadelphia, PA.": "a man in la. or philadelphia pa.",
    "No. 12 bus, and no.7; he says no.": "no. 12 bus and no. 7 he says no",
    "a (small) [dog] {here}": "a -lrb- small -rrb- -lsb- dog -rsb- -lcb- here -rcb-",
    "a 'small' \"dog\"": "a small dog",
    "“curly” ‘quotes’ and it’s": "curly quotes and it 's",
    "isn't don't cannot can't wanna": "is n't do n't can not ca n't wan na",
    "they'd've shouldn't've": "they 'd 've should n't 've",
    "'Tis the '80s, get 'em": "'t is the '80s get 'em",
    "mac 'n' cheese, rock 'n roll": "mac 'n' cheese rock 'n roll",
    "what?! a dog!!": "what ?! a dog !!",
    "22 3/4 inch, 1/2": "22\u00a03/4 inch 1/2",
    "$20.50, 20% off, 5¢": "$ 20.50 20 % off 5 cents",
    '6\'2" man w/ a 12" pizza': "6 2 man w / a 12 pizza",
    "AT&T, B&W, black&white": "at&t b&w black & white",
    "en–dash em—dash t-shirt--white": "en dash em dash t-shirt white",
    "-dog- (": "dog -lrb-",
    "<unk> a <unk>": "<unk> a <unk>",
    "🐶 dog a…b": "dog a b",
    "漢字 café İ": "漢字 café i̇",
    "a ||| b": "a | | | b",
    "C++ & C#": "c++ & c#",
    "Visual C++, C#/F#; an A+ for c++.": "visual c++ c# / f# an a + for c++",
    "Ph.D. student": "ph.d. student",
    "Ed.D. and a Ph.D.": "ed.d. and a ph.d.",
    "y'all ain't": "y' all ai n't",
    "Y'all come, y'know": "y' all come y' know",
    "100.5mph": "100.5 mph",
    "100mph and 100.5 mph, 1,000lb": "100mph and 100.5 mph 1,000 lb",
    "a 2.5ft. board, 1.5m-wide at 7.30am.": "a 2.5 ft. board 1.5m-wide at 7.30 am",
    "http://a.com/?q=1": "http://a.com/?q=1",
    "(see http://www.a.com/index.php?id=3&x=y.)": "-lrb- see http://www.a.com/index.php?id=3&x=y -rrb-",
    "www.a.com/?q=1, a.org/x=1 and x=1": "www.a.com/?q=1 a.org/x=1 and x = 1",
    "-lrb- stays -rrb- so does is n't": "-lrb- stays -rrb- so does is n't",
}


@pytest.mark.parametrize("caption", KNOWN)
def test_words_as_coco_gave_them(caption):
    assert tokenized([caption]) == [KNOWN[caption]]


ONCE = ("LA.", "3/4", "AT&T", "y'all", "y'know")
"""Capitals and a blank inside a word are gone afterwards; of COCO's tokenizer too."""


@pytest.mark.parametrize("caption", [text for text in KNOWN if not any(part in text for part in ONCE)])
def test_words_split_again_are_the_same(caption):
    again = words(" ".join(words(caption)))
    assert again == words(caption)
    assert PUNCTUATION.isdisjoint(again)


def test_plain_captions_take_the_same_way_as_others():
    """What few rules apply to is split at blanks; a comma before it sends it the long way."""
    draw = random.Random(0)
    pool = ["a", "Dog", "on", "the", "st", "no", "etc", "cannot", "wanna", "gonna", "U", "it", "x", "is", "cat"]
    for _ in range(300):
        caption = " ".join(draw.choices(pool, k=draw.randint(1, 6))) + draw.choice(["", ".", " .", " "])
        assert words(caption) == words(", " + caption), caption


LONG = 50_000


@pytest.mark.timeout(60)
@pytest.mark.parametrize("part", ["a", ".", "a.", " ", "@", "<a", "A&", "?"])
def test_no_caption_takes_for_ever(part):
    """Time would grow with the square of the length, if anywhere, and the test never end."""
    assert all(word.strip() for word in words(part * LONG + "x !"))
    assert words("a dog " * LONG) == ["a", "dog"] * LONG


def made_up(count):
    """Captions with what people write in them, at random."""
    draw = random.Random(1)
    nouns = [
        "dog",
        "cats",
        "man's",
        "t-shirt",
        "St.",
        "#9",
        "o'clock",
        "3:30",
        "'stop'",
        '"stop"',
        "(red)",
        "w/",
        '12"',
    ]
    links = [" ", " ", " ", " on a ", ", ", " and ", " - ", "; ", " isn't ", ". A ", " & "]
    ends = [".", ".", ".", "", " .", "!", "..", "...", ".\n", '."']
    for _ in range(count):
        parts = [draw.choice(nouns) + draw.choice(links) for _ in range(draw.randint(1, 6))]
        yield "A " + "".join(parts) + draw.choice(nouns) + draw.choice(ends)


@pytest.mark.skipif(
    not (shutil.which("java") and importlib.util.find_spec("pycocoevalcap")), reason="no Java or no pycocoevalcap"
)
def test_the_known_words_are_cocos_and_few_others_differ():
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    captions = [*KNOWN, *made_up(500)]
    theirs = PTBTokenizer().tokenize({place: [{"caption": text}] for place, text in enumerate(captions)})
    differ = [text for place, text in enumerate(captions) if tokenized([text]) != theirs[place]]
    assert not [text for text in differ if text in KNOWN]
    assert len(differ) <= 0.02 * len(captions), differ
