"""COCO's caption tokenisation without Java: Penn Treebank tokens, lower-cased, without punctuation.

COCO's evaluation calls Stanford's PTBTokenizer (CoreNLP 3.4.1, Java). This uses nltk's Treebank tokenizer; where the
two differ on captions, the text is rewritten before (full stops, typographic characters, tokens to keep whole) and the
tokens after (brackets, fractions). As with COCO's code, "-lrb-" and "?!" count as words.

That is for English. A caption with a letter of a script other than Latin is split as in training
(`datamodules/words.py`).
"""

import re
import unicodedata
from collections.abc import Iterable

from nltk.tokenize import NLTKWordTokenizer

from datamodules import words as learned

PUNCTUATION = frozenset(["''", "'", "``", "`", ".", "?", "!", ",", ":", "-", "--", "...", ";"])
"""COCO's list. Its upper-case brackets ("-LRB-") never match the lower-cased tokens, so brackets remain, as in COCO."""

_KEEP_THEIR_STOP = """
adj adm adv al ala alex apr ariz assn assoc atty attys aug ave bancorp bhd bldg blvd brig bros calif capt cf cie co
col colo comdr conn corp cos cpl ct dak dec dept det dr drs ed.d ens esq est etc ext feb fla fri ft ga gen gov govs hon
inc ind intl jan jos jr jul jun kan kans ky lieut lt ltd maj mar md messrs mfg mich minn mme mo mon mont mr mrs ms
mt mtg natl neb nev nov oct okla penn pfc ph ph.d plc pres prof profs pte pty pvt rd rep reps rev rt sen sens sep sept
seq sfc sgt spc sq sr st ste supt supts sys tel tenn thu thurs treas tue tues univ va vs vt wed wis wisc wm wyo
"""
ABBREVIATIONS = frozenset(_KEEP_THEIR_STOP.split())
"""Words that keep their full stop, as do letters with stops between them, and a single letter within a sentence.

Stanford's tokenizer decides whether a sentence ends by the next word, even if that belongs to the next caption of the
file. Most captions begin with "A" or "The", so here a single letter at a caption's end always loses its stop."""

CAPITALISED = frozenset(["Ark", "Az", "Del", "Ill", "LA", "La", "Mass", "Miss", "Ore", "PA", "Pa", "Tex", "Wash"])
"""Abbreviations only in this capitalisation; in lower case they are ordinary words."""

_CONTRACTIONS = frozenset(["cannot", "gonna", "gimme", "gotta", "lemme", "wanna"])
# Possessive quantifiers: no pattern backtracks, so the time is linear in the length of any caption.
_PLAIN = re.compile(r"\s*+([A-Za-z]++(?: ++[A-Za-z]++)*+) *+(\.?)\s*+")
_STOPS = re.compile(r"(?<![\w.&'/-])([\w.&'/-]*?)\.+(?=[\])}>\"'`]*+(?:\s|$))")
_LETTERS = re.compile(r"[^\W\d_](?:\.[^\W\d_])+")
_INITIAL = re.compile(r"[^\W\d_]")
_GOES_ON = re.compile(r"\s+(?!(?:An?|At|He|In|It|One|Some|The|There|This)\b)\w")

_PRIVATE = 0xE000
"""Characters of tokens to keep whole are shifted into this private area, where nltk treats them as letters."""

_SIGNS = str.maketrans(
    {"“": " `` ", "”": " '' ", "‘": " ` ", "’": "'", "–": " -- ", "—": " -- ", "…": " ... ", "¢": " cents ", "£": " # ",
     "€": " $ ", "½": " 1/2", "¼": " 1/4", "¾": " 3/4", "\u00ad": "", "\u200b": " "}
    | {sign: f" {sign} " for sign in "|°®™©=~^×´\\"}
)  # fmt: skip
_URL = (
    r"(?i:https?)://[^\s\"<>|(){}]+[^\s\"'<>|.!?(){},-]|(?<![^\s(\"'])"
    r"(?:www\.(?:[\w-]++\.)*+[A-Za-z]{2,4}|(?:[\w-]++\.)++(?:com|edu|net|org))/[^\s\"<>|()]*[^\s\"<>|.!?(){},-]"
)
_ADDRESS = re.compile(_URL)
_FIRST = [
    (re.compile(r"\.{3,}"), ".."),  # runs of two or more are dropped later
    (
        re.compile(r"(?<!\S)(\d{1,4}) (\d{1,4}/\d{1,4})(?![^\s.,])"),
        f"\\1{chr(_PRIVATE + 0xA0)}\\2",
    ),  # its blank belongs to the token
    (re.compile(r"[\U00010000-\U0010ffff]"), " "),  # Stanford's tokenizer drops them, emoji included
    (re.compile(r"(?<![\w.,-])(\d*+(?:[.,]\d++)++)(?=[A-Za-z]++(?![\w-]))"), r"\1 "),  # 100.5mph, but 100mph
    (re.compile(r"(?i)\b(no\.)(?=\s*\d)"), f" no{chr(_PRIVATE + ord('.'))} "),
]
_WHOLE = re.compile(
    rf"{_URL}|(?<!\w)(?:[Cc]\+\+|[CcFf]#)|(?<!\w)[Yy]'(?=[A-Za-z])|"
    r"(?<![\w.-])[\w.-]++@[\w.]+|@\w+|#[A-Za-z]\w*|</?[A-Za-z][^<>\s]*>|[?!]{2,}|\*{2,}|-[lr][rsc]b-|\b[A-Z]+&[A-Z]+\b|"
    r"'n'|(?<!\w)'(?:em\b|n\b|\d0s\b|til\b|cause\b)"
)
_LAST = [
    (re.compile(r"-{2,}"), " -- "),
    (re.compile(r"\.{2,}"), " ... "),
    (re.compile(r"(?<!\S)[-.](?=[a-z])|(?<=\w)-(?!\S)"), " - "),
    (re.compile(r"(?<=\d)\.(?=[a-z])"), " . "),
    (re.compile(r"(?<=:\d\d)([ap]m)\b"), r" \1"),
    (re.compile(r"(?<=\w)([/+])(?!\w)|(?<=\w)(\+)(?=\w)|(?<=\d)(')(?=[\dx])"), r" \1\2\3 "),
    (re.compile(r"('d|n't)('ve)\b"), r" \1 \2"),
    (re.compile(r"(?<!\w)'t(is|was)\b"), r" 't \1"),
]
_BRACKETS = {"(": "-lrb-", ")": "-rrb-", "[": "-lsb-", "]": "-rsb-", "{": "-lcb-", "}": "-rcb-"}
_treebank = NLTKWordTokenizer()


def words(caption: str) -> list[str]:
    """The tokens of one caption; [] for one of punctuation alone."""
    plain = _PLAIN.fullmatch(caption)
    if plain:  # the common case: letters and blanks, none of the rules below applies
        found = plain[1].lower().split()
        special = _keeps_its_stop(plain[1].split()[-1])
        if not (plain[2] and special) and _CONTRACTIONS.isdisjoint(found):
            return found
    if learned.is_beyond_latin(caption):
        return learned.words(caption)
    caption = unicodedata.normalize("NFC", caption)
    return [token for token in _treebank_tokens(caption) if token not in PUNCTUATION]


def tokenized(captions: Iterable[str]) -> list[str]:
    """Each caption as its tokens joined by single blanks, as the scores expect them."""
    return [" ".join(words(caption)) for caption in captions]


def _treebank_tokens(caption: str) -> list[str]:
    text = caption
    for pattern, mended in _FIRST:
        text = pattern.sub(mended, text)
    text = _ADDRESS.sub(lambda found: found[0].replace("=", chr(_PRIVATE + ord("="))), text)
    text = _STOPS.sub(_stop, text.translate(_SIGNS))
    text = _WHOLE.sub(lambda found: f" {_shifted(found[0].lower(), _PRIVATE)} ", text).lower()
    for pattern, mended in _LAST:
        text = pattern.sub(mended, text)
    # nltk strips the full stop at the end of a text, even of an abbreviation, so another one is appended.
    tokens = _treebank.tokenize(text + " .")
    return [_BRACKETS.get(token, _shifted(token, -_PRIVATE)) for token in tokens]


def _stop(found: re.Match[str]) -> str:
    """The replacement for a word and its full stops: without them, except for abbreviations and initials."""
    initial = _INITIAL.fullmatch(found[1]) and _GOES_ON.match(found.string, found.end())
    return found[1] + (". " if initial or _keeps_its_stop(found[1]) else " ")


def _keeps_its_stop(word: str) -> bool:
    bare = word.strip("'-/&.")
    return bool(_LETTERS.fullmatch(bare)) or bare.lower() in ABBREVIATIONS or bare in CAPITALISED


def _shifted(text: str, by: int) -> str:
    """Shifts characters below 256 into the private area, or back with a negative `by`; others stay."""
    low = max(0, -by)
    return "".join(chr(ord(sign) + by) if low <= ord(sign) < low + 256 else sign for sign in text)
