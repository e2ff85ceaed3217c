"""Names and paths are taken as they were typed, whatever signs are in them.

Hydra reads values by a grammar of its own: to it 2024_01_05 is a number, a comma parts a sweep, a blank in front of a
bracket, a %, a # or a second = ends the reading. So a value of a knob that holds a text is put into quotes before Hydra
sees it. What was typed in quotes, in a sweep's functions (choice(...), range(...)) or as a reference, ${...}, stays.
"""

import itertools
import re
import shlex
from collections.abc import Sequence
from typing import NamedTuple, final

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Quote, QuotedString
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from benchmark.common.paths import at_home, exists, parted, rejoined
from benchmark.config.compose import Composer
from benchmark.config.hydra_internals import is_list_of_values, parsed_value

PATHS = ("runs", "data.root", "data.cache", "start.checkpoint", "features.store.folder")
"""Knobs that hold a path in whatever is composed. In one, a `~` in front is the user's home."""
NAMES = ("study",)
OVERRIDE = re.compile(r"(?P<key>\+{0,2}(?P<knob>[A-Za-z_][\w.]*))=(?P<value>.*)", re.DOTALL)


class Typed(NamedTuple):
    """One override: key, with what it begins with (+, ++), the knob it names, and the value's text."""

    key: str
    knob: str
    value: str


def as_text(composer: Composer, texts: Sequence[str], sweep: bool) -> dict[str, str]:
    """The overrides that Hydra has to be told differently, by how they were typed. sweep: a comma parts values, unless
    what is before and after it is a path that exists.
    """
    reader = TypedReader(composer, texts, sweep)
    found = {text: reader.told(text) for text in texts}
    return {text: told for text, told in found.items() if told != text}


def quoted(text: str) -> str:
    """A text as Hydra has to be told it to take it as it is."""
    return QuotedString(text, Quote.double).with_quotes()


def shell_form(key: str, value: str) -> str:
    """What to type in a shell, so that a knob gets this very text."""
    return shlex.quote(f"{key}={quoted(value)}")


def in_quotes(text: str) -> str:
    """How to type a value that Hydra cannot read; "" where none was given, or quotes do not help."""
    key, _, value = text.partition("=")
    signs = [sign for sign in "=,()[]{}%#~&:" if sign in value] or (["a blank"] if " " in value else [])
    if not value or value.startswith(("'", '"')) or not signs:
        return ""
    return f". A value with {signs[0]} in it wants quotes of its own: {shell_form(key, value)}"


def one_text(override: Override) -> str:
    """How to type one value that was read as several; "" where it is no path."""
    key, _, value = str(override.input_line).partition("=")
    return f"; one path with such signs is typed {shell_form(key, value)}" if key in PATHS else ""


def requoted(composer: Composer, text: str) -> str:
    """An override as Hydra's sweeper writes it, with backslashes, in quotes instead, to be typed once more."""
    override = _parsed(composer, text)
    value = parsed_value(override) if override else None
    key, _, written = text.partition("=")
    return f"{key}={quoted(value)}" if type(value) is str and value != written else text


@final
class TypedReader:
    """Reads the overrides of one command line."""

    def __init__(self, composer: Composer, texts: Sequence[str], sweep: bool):
        self._composer, self._texts, self._sweep = composer, texts, sweep
        self._config: DictConfig | None = None

    def told(self, text: str) -> str:
        """An override as Hydra is to be told it."""
        match = OVERRIDE.fullmatch(text)
        if match is None or match["knob"].split(".")[0] == "hydra" or self._composer.choices(match["knob"]):
            return text
        typed = Typed(match["key"], match["knob"], match["value"])
        override = _parsed(self._composer, text)
        value = parsed_value(override) if override else None
        home = typed.knob in PATHS and typed.value.lstrip("'\"").startswith("~")
        if type(value) is str and value == typed.value and not home:
            return text  # Hydra reads it as it was typed
        if not self._is_text(typed, value if override else ...):
            return text
        return f"{typed.key}={self._value(typed, override)}"

    def _value(self, typed: Typed, override: Override | None) -> str:
        text, is_path = typed.value, typed.knob in PATHS
        if is_path and exists(text):
            return quoted(at_home(text))
        if override is not None and isinstance(parsed_value(override), QuotedString):
            inside = parsed_value(override).text
            return quoted(at_home(inside)) if is_path and inside.startswith("~") else text
        if override is not None and override.is_sweep_override() and not is_list_of_values(override):
            return text
        if is_path and override is not None and type(value := parsed_value(override)) is str and exists(value):
            return quoted(at_home(value))  # with Hydra's backslashes
        pieces = parted(text)
        if len(pieces) > 1 and self._sweep:
            return ",".join(self._piece(piece, is_path) for piece in (rejoined(pieces) if is_path else pieces))
        if len(pieces) > 1 and (not is_path or all(exists(piece) for piece in pieces)):
            return text  # several values for one run, which is refused in words
        return self._piece(text, is_path)

    def _piece(self, text: str, is_path: bool) -> str:
        if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
            return text
        return quoted(at_home(text) if is_path else text)

    def _is_text(self, typed: Typed, value: object) -> bool:
        """Whether a knob holds a text. value: what Hydra reads, ... where it can read nothing."""
        if typed.value == "" or (value is None and typed.knob not in (*PATHS, *NAMES)):
            return False
        if typed.knob in (*PATHS, *NAMES):
            return True
        return self._default(typed.knob, readable=value is not ...)

    def _default(self, knob: str, readable: bool) -> bool:
        """Whether a text stands there by default; a knob that has no value takes what can be read as it is read."""
        config = self._composed()
        try:
            usual = OmegaConf.select(config, knob, default=None)
            missing = OmegaConf.is_missing(*_place(config, knob))
        except (OmegaConfBaseException, AttributeError, KeyError, TypeError):
            return False
        return isinstance(usual, str) or (missing and not readable)

    def _composed(self) -> DictConfig:
        """The composition of the choices that were typed, the first of each; empty where there is none."""
        if self._config is None:
            found = [_parsed(self._composer, text) for text in self._texts]
            groups = [o for o in found if o is not None and self._composer.choices(o.key_or_group)]
            try:
                chosen = [f"{o.get_key_element()}={value}" for o in groups for value in _first(o)]
                self._config = self._composer.looked_at([*_search(self._texts), *chosen])
            except (HydraException, OmegaConfBaseException):
                self._config = OmegaConf.create({})
        return self._config


def _parsed(composer: Composer, text: str) -> Override | None:
    try:
        (found,) = OverridesParser.create(config_loader=composer.loader).parse_overrides([text])
    except (HydraException, OmegaConfBaseException):
        return None
    return found


def _search(texts: Sequence[str]) -> list[str]:
    return [text for text in texts if text.startswith("hydra.searchpath=")]


def _first(override: Override) -> list[str]:
    if override.is_sweep_override():
        return [str(value) for value in itertools.islice(override.sweep_iterator(), 1)]
    value = override.value()
    return [str(value)] if isinstance(value, str) else []


def _place(config: DictConfig, knob: str) -> tuple[DictConfig, str]:
    parent, _, name = knob.rpartition(".")
    node = OmegaConf.select(config, parent) if parent else config
    return node, name
