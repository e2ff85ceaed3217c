"""Fetch and unpack captions and photographs: python scripts/fetch_coco.py [FOLDER] [--data NAME] [--mirror ADDRESS].

What is fetched, from where, and the published md5 sums stand in conf/data/NAME.yaml: coco (20 GB), coco2017 (20 GB),
or the captions of flickr8k and flickr30k, whose photographs their authors hand out. A transfer that broke off goes on
where it stopped. Archives may be deleted once unpacked.
"""

import argparse
import sys
from pathlib import Path

from caption_data import NAMES, made
from hydra.errors import HydraException

from benchmark.program import program
from datamodules.contract import DataFault

MIRRORS = ("coco", "karpathy")


@program
def main() -> int:
    parser = argparse.ArgumentParser(description="Fetch captions and photographs, and unpack them.")
    parser.add_argument("folder", nargs="?", type=Path, help="default: data/NAME")
    parser.add_argument("--data", choices=NAMES, default="coco", help="default: %(default)s")
    parser.add_argument("--mirror", help="address to ask for everything instead of the usual ones")
    choice = parser.parse_args()
    folder = choice.folder or Path("data") / choice.data
    mirrors = [f"++data.mirrors.{name}=['{choice.mirror}']" for name in MIRRORS] if choice.mirror else []
    try:
        made(choice.data, folder, ["data.download=true", *mirrors]).fetch()
    except (DataFault, HydraException) as fault:
        print(fault, file=sys.stderr)
        return 1
    print(f"{choice.data} is complete in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
