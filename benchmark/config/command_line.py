"""The command line of programs that read a run's folder: KEY=VALUE, and --config-dir FOLDER."""

from argparse import ArgumentParser
from collections.abc import Sequence

from benchmark.config.compose import Composer, register_plugins


def composer_and_rest(arguments: Sequence[str]) -> tuple[Composer, list[str]]:
    """The composer, with the further yamls of --config-dir, and the remaining arguments."""
    register_plugins()
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--config-dir")
    further, rest = parser.parse_known_args(list(arguments))
    return Composer(further.config_dir), rest
