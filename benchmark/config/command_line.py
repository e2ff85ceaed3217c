"""The command line of programs that take KEY=VALUE, and --config-dir FOLDER."""

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence

from benchmark.config.compose import Composer, register_plugins

DRY_RUN = "--dry-run"
"""The argument that Hydra does not know: print what would start."""


def taken_out(argument: str) -> bool:
    """Removes an argument from sys.argv; returns whether it was there."""
    found = argument in sys.argv[1:]
    sys.argv = [sys.argv[0], *(text for text in sys.argv[1:] if text != argument)]
    return found


def folder_command(text: str | None, carry_out: Callable[[Sequence[str], Composer], int | None]) -> int:
    """Prints the text where help or nothing is asked for; else carries out the arguments, without --config-dir, with a
    composer that has the further yamls of that folder. Returns the exit code.
    """
    arguments = sys.argv[1:]
    if not arguments or {"-h", "--help"} & set(arguments):
        print(text)
        return 0
    from benchmark.common.torchvision_import import make_importable  # imports PyTorch, which --help does not need

    make_importable()  # before any part imports Lightning
    register_plugins()
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--config-dir")
    further, rest = parser.parse_known_args(arguments)
    return carry_out(rest, Composer(further.config_dir)) or 0
