"""List all faults of a folder of photographs with captions: python scripts/check_coco.py FOLDER [--data NAME].

FOLDER holds Karpathy's dataset_*.json or COCO's annotations/, and the photographs as conf/data/NAME.yaml has them;
which NAME it is shows from its files, unless it is told. Further arguments change lines of that yaml, as for a run:
data.year=2014. Nothing in the folder is changed. Exit code 1 where there are faults.
"""

import argparse
import sys
from pathlib import Path

from caption_data import NAMES, found_in, made

from benchmark.program import program
from datamodules.caption_inspection import all_faults


@program
def main() -> int:
    parser = argparse.ArgumentParser(description="List all faults of a folder of photographs with captions.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", choices=NAMES, help="default: by the files that are there")
    parser.add_argument("--workers", type=int, default=4, help="threads that decode (default: %(default)s)")
    choice, overrides = parser.parse_known_intermixed_args()
    name = choice.data or found_in(choice.folder)
    seen, faults = all_faults(made(name, choice.folder, overrides).source, choice.workers)
    print(
        "\n".join([*(f"{name}: {line}" for line in seen), *faults, f"{len(faults)} faults" if faults else "no fault"])
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
