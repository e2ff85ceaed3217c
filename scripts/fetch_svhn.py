"""Fetch and unpack SVHN's format 1: python scripts/fetch_svhn.py [FOLDER] [--extra].

The mirrors are those of conf/data/svhn.yaml. No checksum of the archives is published: the first download records the
sha256 it found beside each archive, and a later one has to be the same. Archives may be deleted once unpacked.
"""

import argparse
import sys
from pathlib import Path

import yaml

from datamodules.archives import Archive, fetch_and_unpack
from datamodules.contract import DataFault

CONFIG = Path(__file__).parent.parent / "conf/data/svhn.yaml"


def main() -> int:
    parser = argparse.ArgumentParser(description="Fetch SVHN's format 1, and unpack it.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path("data/svhn"), help="default: %(default)s")
    parser.add_argument("--extra", action="store_true", help="the 202,353 extra images too (2 GB)")
    parser.add_argument("--mirror", action="append", help="address to try instead of the usual one; may be repeated")
    choice = parser.parse_args()
    told = yaml.safe_load(CONFIG.read_text())["data"]
    parts = ("train", "test", "extra") if choice.extra else ("train", "test")
    archives = [Archive(part, told["sha256"].get(f"{part}.tar.gz", "")) for part in parts]
    try:
        fetch_and_unpack(archives, choice.folder, choice.mirror or told["mirrors"])
    except DataFault as fault:
        print(fault, file=sys.stderr)
        return 1
    print(f"SVHN is complete in {choice.folder}: {', '.join(parts)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
