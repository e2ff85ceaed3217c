"""Fetch the four official MNIST files: python scripts/fetch_mnist.py [FOLDER].

The mirrors are those of conf/data/mnist_pairs.yaml.
"""

import argparse
import sys
from pathlib import Path

import yaml

from benchmark.program import program
from datamodules.download import fetch
from datamodules.mnist import OFFICIAL

CONFIG = Path(__file__).parent.parent / "conf/data/mnist_pairs.yaml"


@program
def main() -> int:
    parser = argparse.ArgumentParser(description="Fetch the four official MNIST files, whole and verified.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path("data/mnist"), help="default: %(default)s")
    parser.add_argument("--mirror", action="append", help="address to try instead of the usual ones; may be repeated")
    choice = parser.parse_args()
    usual = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["data"]["mirrors"]
    fetch(OFFICIAL, choice.folder, choice.mirror or usual)
    print(f"MNIST is complete in {choice.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
