"""Old names of classes, knobs and choices, and what they are called now: one table, moved.yaml.

It is read by whatever reads a saved configuration or a command line, so that both outlive a change.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

TARGET = "_target_"
CHOICES = "choices"
"""The key of a saved configuration under which its choices stand."""
NAMED = ("attention", "data")
"""Groups whose choice stands among their values too, under `name`."""
OVERRIDE = re.compile(r"(?P<sign>[+~]{0,2})(?P<key>[\w./]+)(?P<package>@[\w.:]+)?(?P<value>=.*)?", re.DOTALL)
CHOICE = re.compile(r"[\w.-]+")

Table = Mapping[str, str]
Say = Callable[[str], None]
"""What becomes of a line that tells a user of a new name."""


class Moved(NamedTuple):
    """paths, knobs, choices: new names by old ones. added: values of knobs that old runs lack. See moved.yaml."""

    paths: Table
    knobs: Table
    choices: Table
    added: Mapping[str, Any]

    def path(self, path: str, say: Say) -> str:
        """The Python path that a target has now."""
        return _told(path, latest(path, self.paths), say)

    def knob(self, key: str, say: Say) -> str:
        """The dotted key that a knob has now."""
        return _told(key, latest(key, self.knobs), say)

    def choice(self, group: str, name: str, say: Say) -> tuple[str, str]:
        """A group and its choice, as they are called now. group: as typed, with / between its parts."""
        old = new = f"{group}={name}"
        for _ in range(len(self.choices) + 1):
            new = self.choices.get(new, new)
        key, _, value = new.partition("=")
        key = latest(key.replace("/", "."), self.knobs).replace(".", "/") if "/" in key else latest(key, self.knobs)
        _told(old, f"{key}={value}", say)
        return key, value

    def override(self, text: str, say: Say) -> str:
        """An override of the command line, under the names of now. Values that are swept are looked up each."""
        found = OVERRIDE.fullmatch(text)
        if found is None:
            return text
        sign, key, package, value = found["sign"], found["key"], found["package"] or "", found["value"] or ""
        if key in {old.partition("=")[0] for old in self.choices}:
            new = {name: self.choice(key, name, silent) for name in CHOICE.findall(value)}
            key = next((group for group, _ in new.values()), key)
            value = CHOICE.sub(lambda name: new[name[0]][1], value)
        else:
            key = self.choice(key, "", silent)[0] if "/" in key else self.knob(key, silent)
        if key.endswith(TARGET):
            value = "=" + self.path(value.removeprefix("="), silent)
        return _told(text, f"{sign}{key}{package}{value}", say)

    def config(self, config: Mapping[str, Any], say: Say) -> dict[str, Any]:
        """A saved configuration, as dictionaries and lists, under the names of now."""
        found: dict[str, Any] = {}
        for key, value in _leaves(config):
            if key[0] == CHOICES:
                continue
            place = tuple(self.knob(".".join(key), say).split("."))
            if place[-1] == TARGET and isinstance(value, str):
                value = self.path(value, say)
            if place[1:] == ("name",) and place[0] in NAMED:
                value = self.choice(place[0], str(value), say)[1]
            _put(found, place, self._inside(value, say))
        for knob, value in self.added.items():
            _add(found, tuple(knob.split(".")), value)
        if isinstance(config.get(CHOICES), Mapping):
            found[CHOICES] = dict(self._chosen(config[CHOICES], say))
        return found

    def _chosen(self, choices: Mapping[str, Any], say: Say) -> Iterator[tuple[str, Any]]:
        for key, value in choices.items():
            if key.endswith(f".{TARGET}"):  # set by hand
                yield self.knob(key, say), self.path(str(value), say)
            elif isinstance(value, str):
                yield self.choice(key, value, say)
            else:
                yield self.knob(key, say), value

    def _inside(self, value: Any, say: Say) -> Any:
        """A list's parts have targets too."""
        if isinstance(value, list):
            return [self._inside(each, say) for each in value]
        if isinstance(value, Mapping):
            return {
                key: self.path(each, say) if key == TARGET and isinstance(each, str) else self._inside(each, say)
                for key, each in value.items()
            }
        return value


def latest(name: str, table: Table) -> str:
    """A dotted name as it is called now: the longest old name that it begins with is replaced, as long as there is one.

    A name that begins with a new one, and with no longer old one, is none that moved.
    """
    for _ in range(len(table) + 1):
        olds = [old for old in table if f"{name}.".startswith(f"{old.rstrip('.')}.")]
        news = [new for new in table.values() if f"{name}.".startswith(f"{new.rstrip('.')}.")]
        old = max(olds, key=len, default="")
        if not old or len(old.rstrip(".")) < max((len(new.rstrip(".")) for new in news), default=0):
            return name
        name = table[old].rstrip(".") + name[len(old.rstrip(".")) :]
    raise ValueError(f"{name}: the names in moved.yaml lead back to it")


@cache
def moved() -> Moved:
    """The table as it stands in moved.yaml."""
    found = yaml.safe_load((Path(__file__).parent / "moved.yaml").read_text(encoding="utf-8"))
    return Moved(**found)


def renamed(texts: Sequence[str]) -> dict[str, str]:
    """Overrides of a command line under the names of now, by how they were typed. Each old name is told of."""
    return {text: moved().override(text, once) for text in texts}


_said: set[str] = set()


def once(line: str) -> None:
    """Prints a line on standard error, the first time that it is said."""
    if line not in _said:
        _said.add(line)
        print(line, file=sys.stderr, flush=True)


def silent(_: str) -> None:
    """For what a user can do nothing about: a run that was stored under the names of its time."""


def _told(old: str, new: str, say: Say) -> str:
    if old != new:
        say(f"{old} is called {new} now")
    return new


def _leaves(config: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(place, value) of all that is no mapping, and of empty ones."""
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, (*above, str(key)))
        else:
            yield (*above, str(key)), value


def _put(config: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    *above, last = place
    for key in above:
        config = config.setdefault(key, {})
    config[last] = value


def _add(config: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    """Sets a value where the part that it belongs to is there, and has none."""
    *above, last = place
    for key in above:
        if not isinstance(config := config.get(key, {}), dict) or not config:
            return
    config.setdefault(last, value)
