"""The tokeniser of captions in any script: for the vocabulary, and for scores of captions beyond Latin script.

A word is a run of letters, digits and combining marks; symbols and punctuation of any script separate words. English
contractions are split as in the Penn Treebank: "isn't" is "is n't", "dog's" is "dog 's", while "t-shirt" is one word.
Text without blanks between words (Chinese, Thai) is not segmented.
"""

import unicodedata

import regex

_IN = r"[\p{L}\p{M}\p{N}\u200c\u200d]"  # zero-width joiners do not separate words
_WORD = regex.compile(
    rf"{_IN}+(?=n't\b)|n't\b|'(?:s|re|ve|ll|d|m)\b|{_IN}+(?:(?:'(?!(?:s|re|ve|ll|d|m|t)\b)|[-/.]){_IN}+)*"
)
_ODD = regex.compile(r"[[\U00010000-\U0010ffff]&&[\p{Common}]]", regex.VERSION1)  # mathematical letters, emoji
_OTHER = regex.compile(r"[\p{L}--\p{Latin}--\p{Common}--\p{Inherited}]", regex.VERSION1)
_BLANKLESS = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]{8,}", regex.VERSION1
)


def words(caption: str) -> list[str]:
    """The lower-cased words of a caption; idempotent on words joined by blanks."""
    text = unicodedata.normalize("NFC", caption.replace("\u2019", "'").lower())
    found: list[str] = _WORD.findall(_ODD.sub(" ", text))
    return found


def is_beyond_latin(caption: str) -> bool:
    """Whether any letter is of a script other than Latin, so that the caption is not English."""
    return _OTHER.search(caption) is not None


def lacks_blanks(caption: str) -> bool:
    """Whether a caption has long runs without blanks in Chinese, Japanese, Thai or a similar script."""
    return _BLANKLESS.search(caption) is not None
