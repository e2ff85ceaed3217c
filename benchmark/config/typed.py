"""Quotes the values of text knobs before Hydra parses them, so that names and paths are taken as typed.

In Hydra's grammar 2024_01_05 is a number, a comma separates values of a sweep, and a space before a bracket, a %, a #
or a second = is an error. Values that were typed in quotes, in functions of a sweep (choice(...), range(...)) or as an
interpolation ${...} are left as they are.
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
"""Knobs that hold a path in every composition. A leading `~` is expanded."""
NAMES = ("study",)
OVERRIDE = re.compile(r"(?P<key>\+{0,2}(?P<knob>[A-Za-z_][\w.]*))=(?P<value>.*)", re.DOTALL)


class Typed(NamedTuple):
    """One override: key with its prefix (+, ++), knob, and the value's text."""

    key: str
    knob: str
    value: str


def as_text(composer: Composer, texts: Sequence[str], sweep: bool) -> dict[str, str]:
    """The overrides that have to be quoted, as typed, mapped to their quoted form. sweep: commas separate values,
    unless they are part of an existing path.
    """
    reader = TypedReader(composer, texts, sweep)
    found = {text: reader.for_hydra(text) for text in texts}
    return {text: changed for text, changed in found.items() if changed != text}


def quoted(text: str) -> str:
    """A text in the quotes with which Hydra takes it literally."""
    return QuotedString(text, Quote.double).with_quotes()


def shell_form(key: str, value: str) -> str:
    """An override in shell syntax that sets a knob to exactly this text."""
    return shlex.quote(f"{key}={quoted(value)}")


def in_quotes(text: str) -> str:
    """Advice on how to quote a value that Hydra cannot parse; "" for no value, or where quotes do not help."""
    key, _, value = text.partition("=")
    signs = [sign for sign in "=,()[]{}%#~&:" if sign in value] or (["a blank"] if " " in value else [])
    if not value or value.startswith(("'", '"')) or not signs:
        return ""
    return f". A value with {signs[0]} in it wants quotes of its own: {shell_form(key, value)}"


def one_text(override: Override) -> str:
    """Advice on how to type one path that was parsed as several values; "" for other knobs."""
    key, _, value = str(override.input_line).partition("=")
    return f"; one path with such signs is typed {shell_form(key, value)}" if key in PATHS else ""


def requoted(composer: Composer, text: str) -> str:
    """An override as Hydra's sweeper writes it, with backslashes, rewritten with quotes to be parsed again."""
    override = parsed_override(composer, text)
    value = parsed_value(override) if override else None
    key, _, written = text.partition("=")
    return f"{key}={quoted(value)}" if type(value) is str and value != written else text


@final
class TypedReader:
    """Quotes the overrides of one command line."""

    def __init__(self, composer: Composer, texts: Sequence[str], sweep: bool):
        self._composer, self._texts, self._sweep = composer, texts, sweep
        self._config: DictConfig | None = None

    def for_hydra(self, text: str) -> str:
        """An override, quoted where Hydra would otherwise parse it differently."""
        match = OVERRIDE.fullmatch(text)
        if match is None or match["knob"].split(".")[0] == "hydra" or self._composer.choices(match["knob"]):
            return text
        typed = Typed(match["key"], match["knob"], match["value"])
        override = parsed_override(self._composer, text)
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
            return text  # several values for one run, which `Overrides` refuses
        return self._piece(text, is_path)

    def _piece(self, text: str, is_path: bool) -> str:
        if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
            return text
        return quoted(at_home(text) if is_path else text)

    def _is_text(self, typed: Typed, value: object) -> bool:
        """Whether a knob holds text. value: as parsed by Hydra, ... where it cannot be parsed."""
        if typed.value == "" or (value is None and typed.knob not in (*PATHS, *NAMES)):
            return False
        if typed.knob in (*PATHS, *NAMES):
            return True
        return self._default(typed.knob, readable=value is not ...)

    def _default(self, knob: str, readable: bool) -> bool:
        """Whether a knob's default is text. A knob without a value (???) takes what Hydra can parse as parsed."""
        config = self._composed()
        try:
            usual = OmegaConf.select(config, knob, default=None)
            node, name = _place(config, knob)
            missing = OmegaConf.is_config(node) and OmegaConf.is_missing(node, name)
        except (OmegaConfBaseException, AttributeError, KeyError, TypeError):
            return False
        return isinstance(usual, str) or (missing and not readable)

    def _composed(self) -> DictConfig:
        """The composition of the first choice of each group on the command line; empty if it fails."""
        if self._config is None:
            found = [parsed_override(self._composer, text) for text in self._texts]
            groups = [o for o in found if o is not None and self._composer.choices(o.key_or_group)]
            try:
                chosen = [f"{o.get_key_element()}={value}" for o in groups for value in _first(o)]
                self._config = self._composer.composed_once([*_search(self._texts), *chosen])
            except (HydraException, OmegaConfBaseException):
                self._config = OmegaConf.create({})
        return self._config


def parsed_override(composer: Composer, text: str) -> Override | None:
    """An override as Hydra parses it; None where it cannot."""
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
