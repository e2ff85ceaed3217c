"""The command line of programs that read a run's folder: KEY=VALUE, and --config-dir FOLDER."""

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence

from benchmark.common.torchvision_import import make_importable
from benchmark.config.compose import Composer, register_plugins


def folder_command(text: str | None, carry_out: Callable[[Sequence[str], Composer], None]) -> None:
    """Prints the text where help or nothing is asked for; else carries out the arguments, without --config-dir, with a
    composer that has the further yamls of that folder.
    """
    arguments = sys.argv[1:]
    if not arguments or {"-h", "--help"} & set(arguments):
        print(text)
        return
    make_importable()  # before any part imports Lightning
    register_plugins()
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--config-dir")
    further, rest = parser.parse_known_args(arguments)
    carry_out(rest, Composer(further.config_dir))
