"""Translates old names of classes, knobs and choices into present ones, by the table moved.yaml.

Saved configurations and command lines are read through it, so that both stay valid when names change.
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
"""The key of a saved configuration that holds its choices, by config group."""
NAMED = ("attention", "data")
"""Groups whose choice is also among their values, as `name`: it names run folders and rows of a report."""
OVERRIDE = re.compile(r"(?P<sign>[+~]{0,2})(?P<key>[\w./]+)(?P<package>@[\w.:]+)?(?P<value>=.*)?", re.DOTALL)
CHOICE = re.compile(r"[\w.-]+")

Table = Mapping[str, str]
Notify = Callable[[str], None]
"""Receives the message that a name has changed: `once` or `silent`."""


class Moved(NamedTuple):
    """paths, knobs, choices: new names by old ones. added: values of knobs that old runs lack. See moved.yaml."""

    paths: Table
    knobs: Table
    choices: Table
    added: Mapping[str, Any]

    def path(self, path: str, notify: Notify) -> str:
        """The present Python path of a `_target_`."""
        return _renamed(path, latest(path, self.paths), notify)

    def knob(self, key: str, notify: Notify) -> str:
        """The present dotted key of a knob."""
        return _renamed(key, latest(key, self.knobs), notify)

    def choice(self, group: str, name: str, notify: Notify) -> tuple[str, str]:
        """The present names of a group and its choice. group: as typed, with / between its parts, and where it stands
        elsewhere than its name says, the place: attention/policy@attention.mechanism.policy.then.
        """
        group, at, place = group.partition("@")
        new = f"{group}={name}"
        for _ in range(len(self.choices) + 1):
            new = self.choices.get(new, new)
        key, _, value = new.partition("=")
        key = latest(key.replace("/", "."), self.knobs).replace(".", "/") if "/" in key else latest(key, self.knobs)
        key += at + latest(place, self.knobs)
        _renamed(f"{group}{at}{place}={name}", f"{key}={value}", notify)
        return key, value

    def override(self, text: str, notify: Notify) -> str:
        """An override of the command line with present names. Each value of a sweep is translated."""
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
        return _renamed(text, f"{sign}{key}{package}{value}", notify)

    def config(self, config: Mapping[str, Any], notify: Notify) -> dict[str, Any]:
        """A saved configuration, as dictionaries and lists, with present names."""
        found: dict[str, Any] = {}
        for key, value in leaves(config):
            if key[0] == CHOICES:
                continue
            place = tuple(self.knob(".".join(key), notify).split("."))
            if place[-1] == TARGET and isinstance(value, str):
                value = self.path(value, notify)
            if place[1:] == ("name",) and place[0] in NAMED and isinstance(value, str):
                value = self.choice(place[0], str(value), notify)[1]
            put(found, place, self._inside(value, notify))
        for knob, value in self.added.items():
            _add(found, tuple(knob.split(".")), value)
        if isinstance(config.get(CHOICES), Mapping):
            found[CHOICES] = dict(self._chosen(config[CHOICES], notify))
        return found

    def _chosen(self, choices: Mapping[str, Any], notify: Notify) -> Iterator[tuple[str, Any]]:
        for key, value in choices.items():
            if key.endswith(f".{TARGET}"):  # a class that was set on the command line
                yield self.knob(key, notify), self.path(str(value), notify)
            elif isinstance(value, str):
                yield self.choice(key, value, notify)
            else:
                yield self.knob(key, notify), value

    def _inside(self, value: Any, notify: Notify) -> Any:
        """A value with the targets inside lists translated."""
        if isinstance(value, list):
            return [self._inside(each, notify) for each in value]
        if isinstance(value, Mapping):
            return {
                key: self.path(each, notify) if key == TARGET and isinstance(each, str) else self._inside(each, notify)
                for key, each in value.items()
            }
        return value


def latest(name: str, table: Table) -> str:
    """The present form of a dotted name: its longest old prefix is replaced, repeatedly.

    A name with a new prefix that is longer than any old prefix has not moved. Raises ValueError for a cyclic table.
    """
    for _ in range(len(table) + 1):
        olds = [old for old in table if f"{name}.".startswith(f"{old.rstrip('.')}.")]
        news = [new for new in table.values() if f"{name}.".startswith(f"{new.rstrip('.')}.")]
        old = max(olds, key=len, default="")
        if not old or len(old.rstrip(".")) < max((len(new.rstrip(".")) for new in news), default=0):
            return name
        name = table[old].rstrip(".") + name[len(old.rstrip(".")) :]
    raise ValueError(f"{name}: the names in moved.yaml form a cycle")


@cache
def moved() -> Moved:
    """The table in moved.yaml."""
    found = yaml.safe_load((Path(__file__).parent / "moved.yaml").read_text(encoding="utf-8"))
    return Moved(**found)


def renamed(texts: Sequence[str]) -> dict[str, str]:
    """Overrides of a command line with present names, by how they were typed. Prints a line for each old name."""
    return {text: moved().override(text, once) for text in texts}


_printed: set[str] = set()


def once(line: str) -> None:
    """Prints a line on standard error, unless it was printed before."""
    if line not in _printed:
        _printed.add(line)
        print(line, file=sys.stderr, flush=True)


def silent(_: str) -> None:
    """Ignores the line, as for stored runs, whose old names a user cannot change."""


def _renamed(old: str, new: str, notify: Notify) -> str:
    if old != new:
        notify(f"{old} is called {new} now")
    return new


def leaves(config: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(path of keys, value) of all leaves; an empty mapping is a leaf."""
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, (*above, str(key)))
        else:
            yield (*above, str(key)), value


def put(config: dict[str, Any], place: Sequence[str], value: Any) -> None:
    """Sets a value at a path of keys; what is missing above it is made."""
    *above, last = place
    for key in above:
        config = config.setdefault(key, {})
    config[last] = value


def _add(config: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    """Sets a value if the node that it belongs to exists and lacks it."""
    *above, last = place
    for key in above:
        if not isinstance(config := config.get(key, {}), dict) or not config:
            return
    config.setdefault(last, value)
