"""Fetch the files of a data set, verify and unpack them: attention-fetch NAME [FOLDER] [--mirror ADDRESS].

NAME is mnist, svhn, dogs, coco, coco2017, flickr8k or flickr30k (of Flickr's the captions alone: photographs are handed
out by their authors), or any other choice of data= that has the knobs root, download and mirrors. Mirrors and
checksums stand in its yaml. Where nobody has published a checksum, the first download records its own beside the file,
and a later one has to be the same. A transfer that broke off goes on where it stopped. Archives may be deleted once
they are unpacked. Further arguments are knobs, as for a run: attention-fetch svhn data.parts=[train,extra]
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
    """Fetches what the data set of a node reads into a folder, by default the node's own; gives the folder. mirrors: to
    ask in place of the usual ones. Raises ConfigFault and DataFault.
    """
    from benchmark.commands.composed import made

    if lacking := [f"data.{knob}" for knob in KNOBS if knob not in node]:
        raise ConfigFault([f"data={node.name} has nothing to fetch: it has no {', '.join(lacking)}"])
    node.download = True
    if folder:
        node.root = str(folder)
    if mirrors:
        by_name = OmegaConf.is_dict(node.mirrors)
        node.mirrors = {key: list(mirrors) for key in node.mirrors} if by_name else list(mirrors)
    made(node).fetch()
    return Path(node.root)


@program
def main() -> int:
    parser = argparse.ArgumentParser(
        prog="attention-fetch", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", metavar="NAME", help="of a data set")
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="default: that of its yaml, data/...")
    parser.add_argument(
        "--mirror", action="append", default=[], metavar="ADDRESS",
        help="address to ask in place of the usual ones; may be repeated",
    )  # fmt: skip
    choice, overrides = parser.parse_known_intermixed_args()
    if choice.folder and "=" in str(choice.folder):
        choice.folder, overrides = None, [str(choice.folder), *overrides]
    from benchmark.commands.composed import composed  # imports PyTorch, which help needs not

    node = composed(choice.data, overrides)
    print(f"{choice.data} is complete in {fetch(node, choice.folder, choice.mirror)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
