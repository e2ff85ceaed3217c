"""Download, verify and unpack the files of a data set: attention-fetch NAME [FOLDER] [--mirror ADDRESS].

NAME is mnist, svhn, dogs, coco, coco2017, flickr8k or flickr30k (of Flickr only the captions: the photographs have to
be requested from their authors), or any other choice of data= that has the knobs root, download and mirrors. Mirrors
and checksums are in its yaml. Where no checksum has been published, the first download records one beside the file, and
later downloads have to match it. Interrupted transfers are resumed. Archives may be deleted after unpacking. Further
arguments are knobs, as for a run: attention-fetch svhn data.parts=[train,extra]
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from benchmark.common.errors import ConfigFault
from benchmark.process.program import program

KNOBS = ("root", "download", "mirrors")


def fetch(node: DictConfig, folder: Path | None, mirrors: Sequence[str]) -> Path:
    """Downloads the files of a data set into a folder, by default its own; returns the folder. mirrors: addresses to
    use instead of those in its yaml. Raises ConfigFault and DataFault.
    """
    from benchmark.build import make

    if lacking := [f"data.{knob}" for knob in KNOBS if knob not in node]:
        raise ConfigFault([f"data={node.name} has nothing to fetch: it has no {', '.join(lacking)}"])
    node.download = True
    if folder:
        node.root = str(folder)
    if mirrors:
        by_name = OmegaConf.is_dict(node.mirrors)
        node.mirrors = {key: list(mirrors) for key in node.mirrors} if by_name else list(mirrors)
    make(node).fetch()
    return Path(node.root)


@program
def main() -> int:
    parser = argparse.ArgumentParser(
        prog="attention-fetch", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", metavar="NAME", help="name of the data set")
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="default: data.root of its yaml")
    parser.add_argument(
        "--mirror", action="append", default=[], metavar="ADDRESS",
        help="address to use instead of those in its yaml; may be repeated",
    )  # fmt: skip
    choice, overrides = parser.parse_known_intermixed_args()
    if choice.folder and "=" in str(choice.folder):
        choice.folder, overrides = None, [str(choice.folder), *overrides]
    from benchmark.commands.composed import composed  # imports PyTorch, which --help does not need

    node = composed(choice.data, overrides)
    print(f"{choice.data} is complete in {fetch(node, choice.folder, choice.mirror)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
