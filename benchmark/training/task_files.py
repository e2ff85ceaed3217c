"""The task of a finished run: its task.json and symbols.json, checked against each other and the weights."""

import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmark.common.errors import RunFault
from benchmark.common.json_files import MOST_BYTES, Damaged, called, parsed_value, read_bytes, read_object
from benchmark.results.run_folder import RunFolder
from benchmark.training.symbols import KEY, difference
from datamodules.contract import TaskSpec

SIDE, STEPS = 10_000, 10_000
"""Upper limits: pixels of an image's side, and symbols of a sequence."""
CURE = "Put back a whole copy, or train the run anew"


def read_task(folder: RunFolder) -> TaskSpec:
    """The TaskSpec of a run's folder. Raises RunFault where task.json or symbols.json is damaged, or they disagree."""
    try:
        fields = read_object(folder.task)
        if faults := [*_faults(fields)]:
            raise Damaged("; ".join(faults))
    except (Damaged, FileNotFoundError) as fault:
        raise RunFault(f"{folder.task} is damaged ({fault}). {CURE}") from None
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
    spec = TaskSpec(**values)
    if folder.symbols.exists() and _words(folder.symbols) != list(spec.symbols):
        raise RunFault(f"{folder.symbols} lists other symbols than {folder.task}: one of them is another run's. {CURE}")
    return spec


def refuse_other_symbols(path: Path, checkpoint: Mapping[str, Any], spec: TaskSpec, task: Path) -> None:
    """Raises RunFault where the checkpoint was trained on other symbols than those of the task."""
    if other := difference(checkpoint, spec.symbols):
        raise RunFault(f"{path} was trained on {other} than {task} lists: one of them is another run's. {CURE}")
    if KEY in checkpoint and len(checkpoint[KEY]) != len(spec.symbols):
        raise RunFault(f"{path} was trained on {len(checkpoint[KEY])} symbols. {CURE}")


def _words(path: Path) -> Any:
    try:
        found = parsed_value(read_bytes(path, MOST_BYTES))
        if not isinstance(found, list):
            raise Damaged(f"is no list but {called(found)}")
    except (Damaged, FileNotFoundError) as fault:
        raise RunFault(f"{path} is damaged ({fault}). {CURE}") from None
    return found


def _faults(fields: Mapping[str, Any]) -> list[str]:
    """Faults of the fields of a task.json."""
    names = set(TaskSpec.__dataclass_fields__)
    if set(fields) != names:
        odd = sorted(set(fields) ^ names)
        return [f"it lacks, or has no place for, {', '.join(odd)[:80]}"]
    shape, symbols, end = fields["image_shape"], fields["symbols"], fields["end"]
    right = {
        "name": _is_text(fields["name"]),
        "origin": fields["origin"] in ("real", "sample", "synthetic"),
        "image_shape": isinstance(shape, list) and len(shape) == 3 and all(_is_count(side, SIDE) for side in shape),
        "symbols": isinstance(symbols, list) and bool(symbols) and all(_is_text(word) for word in symbols),
        "max_steps": _is_count(fields["max_steps"], STEPS),
        "background": isinstance(fields["background"], int | float) and abs(fields["background"]) < 1e6,
        "box_names": isinstance(fields["box_names"], list) and all(_is_text(name) for name in fields["box_names"]),
    }
    wrong = [f"its {name} is unusable" for name, good in right.items() if not good]
    if not wrong and end is not None and not (_is_count(end + 1, len(symbols)) if type(end) is int else False):
        wrong.append("its end is none of its symbols")
    return wrong


def _is_count(value: object, most: int) -> bool:
    return type(value) is int and 1 <= value <= most


def _is_text(value: object) -> bool:
    """Whether a terminal and a page may show it: no control characters."""
    return isinstance(value, str) and not any(unicodedata.category(sign) in ("Cc", "Cs") for sign in value)
