"""Runs a command of the installed package under the path of the script that it once was, and says its name."""

import sys
from importlib import import_module


def run(command: str, module: str) -> int:
    """The exit code. command: as typed, its program and first arguments. module: of benchmark.commands."""
    print(f"{sys.argv[0]} is now `{command}`", file=sys.stderr)
    sys.argv[1:1] = command.split()[1:]
    code: int = import_module(f"benchmark.commands.{module}").main()
    return code
