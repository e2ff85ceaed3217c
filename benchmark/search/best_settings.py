"""Writes the best setting of each mechanism as a yaml of the group `experiment`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.types import Override

from benchmark.common.moved import put
from benchmark.config.compose import Composer
from benchmark.config.overrides import Overrides
from benchmark.results.run_folder import explained, write_whole

LEFT_OUT = ("seed", "study", "hydra")
"""Keys that are not of a setting, besides those of `identity_excludes`."""
NAMES = ("experiment", "debug", "match")
"""Groups that are names for values: they are no part of a run's identity, but their values are of the setting."""


def experiment_name(study: str, mechanism: tuple[str, str]) -> str:
    return "_".join((study, *mechanism))


def write_experiment(
    folder: Path, name: str, composer: Composer, overrides: Sequence[str], excludes: Sequence[str], told: str
) -> Path:
    """Writes <folder>/experiment/<name>.yaml, for `--config-dir <folder> experiment=<name>`; returns its path.

    overrides: those of a run. excludes: keys that do not identify a run. told: a line of comment.
    """
    typed = Overrides(composer, overrides, sweep=False)
    groups = [each for each in typed.groups if is_of_setting(each, excludes)]
    knobs = [each for each in typed.keys if is_of_setting(each, excludes)]
    included = [str(each.value()) for each in groups if each.key_or_group == "experiment"]
    chosen = [
        {f"override /{each.get_key_element().lstrip('+')}": each.value()}
        for each in groups
        if each.key_or_group != "experiment"
    ]
    node: dict[str, Any] = {"defaults": [*included, *chosen, "_self_"]}
    for each in knobs:
        put(node, each.key_or_group.split("."), each.value())
    comment = f"# {told}\n# python -m benchmark.run --config-dir {folder} experiment={name}\n"
    text = f"# @package _global_\n{comment}{yaml.safe_dump(node, sort_keys=False, allow_unicode=True)}"
    path = folder / "experiment" / f"{name}.yaml"
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text.encode())
    return path


def is_of_setting(override: Override, excludes: Sequence[str]) -> bool:
    """Whether an override is part of what is learned."""
    key = override.key_or_group.replace("/", ".")
    if key.split(".")[0] in NAMES:
        return True
    return not any(key == each or key.startswith(f"{each}.") for each in (*LEFT_OUT, *excludes))
