"""Fetch and unpack SVHN's format 1: python scripts/fetch_svhn.py [FOLDER] [--extra].

The mirrors are those of conf/data/svhn.yaml. No checksum of the archives is published: the first download records the
sha256 it found beside each archive, and a later one has to be the same. Archives may be deleted once unpacked.
"""

import sys

from fetching import command, run

from benchmark.program import program
from datamodules.svhn import archive


@program
def main() -> int:
    parser = command("SVHN's format 1", "data/svhn")
    parser.add_argument("--extra", action="store_true", help="the 202,353 extra images too (2 GB)")
    choice = parser.parse_args()
    parts = ("train", "test", "extra") if choice.extra else ("train", "test")
    return run("SVHN", choice, "svhn", lambda sha256: [archive(part, sha256) for part in parts])


if __name__ == "__main__":
    sys.exit(main())
