"""Fetch and unpack Stanford Dogs: python scripts/fetch_dogs.py [FOLDER].

The mirrors and the sha256 of the archives are those of conf/data/stanford_dogs.yaml. 780 MB; archives may be deleted
once unpacked.
"""

import sys

from fetching import command, run

from benchmark.program import program
from datamodules.stanford_dogs import archives


@program
def main() -> int:
    return run("Stanford Dogs", command("Stanford Dogs", "data/stanford_dogs").parse_args(), "stanford_dogs", archives)


if __name__ == "__main__":
    sys.exit(main())
