"""What a word of a caption is, in any script: the one definition of what is learned and, beyond English, scored.

A word is a run of letters, digits and the marks on them, so that vowel signs and points stay with their letters; signs
and punctuation of any script end it. English is split as the Penn Treebank has it, as far as that matters here: "isn't"
is "is n't", "dog's" is "dog 's", "t-shirt" is one. What is written without blanks between words is one word.
"""

import unicodedata

import regex

_IN = r"[\p{L}\p{M}\p{N}\u200c\u200d]"  # the two joiners change how letters are drawn, and end no word
_WORD = regex.compile(
    rf"{_IN}+(?=n't\b)|n't\b|'(?:s|re|ve|ll|d|m)\b|{_IN}+(?:(?:'(?!(?:s|re|ve|ll|d|m|t)\b)|[-/.]){_IN}+)*"
)
_ODD = regex.compile(r"[[\U00010000-\U0010ffff]&&[\p{Common}]]", regex.VERSION1)  # letters of mathematics, emoji
_OTHER = regex.compile(r"[\p{L}--\p{Latin}--\p{Common}--\p{Inherited}]", regex.VERSION1)
_BLANKLESS = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]{8,}", regex.VERSION1
)


def words(caption: str) -> list[str]:
    """The words of a caption, in small letters; the same again of those words with blanks between."""
    text = unicodedata.normalize("NFC", caption.replace("\u2019", "'").lower())
    found: list[str] = _WORD.findall(_ODD.sub(" ", text))
    return found


def is_beyond_latin(caption: str) -> bool:
    """Whether any letter is of another script than Latin: then the caption is not English."""
    return _OTHER.search(caption) is not None


def lacks_blanks(caption: str) -> bool:
    """Whether a caption of Chinese, Japanese, Thai or the like has no blanks between its words."""
    return _BLANKLESS.search(caption) is not None
