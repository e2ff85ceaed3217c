"""What the scripts that fetch archives share: their command line, and what they say."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from datamodules.archives import Archive, fetch_and_unpack

CONF = Path(__file__).parent.parent / "conf/data"


def command(what: str, folder: str) -> argparse.ArgumentParser:
    """what: the data's name. folder: where they are put unless another is named."""
    parser = argparse.ArgumentParser(description=f"Fetch {what}, and unpack it.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(folder), help="default: %(default)s")
    parser.add_argument("--mirror", action="append", help="address to try instead of the usual one; may be repeated")
    return parser


def run(
    what: str, choice: argparse.Namespace, config: str, archives: Callable[[Mapping[str, str]], Sequence[Archive]]
) -> int:
    """Fetch the archives, whose sums and mirrors stand in the yaml of a data set. Gives the exit code."""
    told: dict[str, Any] = yaml.safe_load((CONF / f"{config}.yaml").read_text())["data"]
    wanted = archives(told["sha256"])
    fetch_and_unpack(wanted, choice.folder, choice.mirror or told["mirrors"])
    print(f"{what} is complete in {choice.folder}: {', '.join(top for archive in wanted for top in archive.wanted)}")
    return 0
