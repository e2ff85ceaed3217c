"""List all faults of a folder of house numbers: python scripts/check_svhn.py FOLDER.

FOLDER holds train/, test/ ... with a digitStruct.mat each, or is one of them, or holds labels.csv and images/.
Nothing in it is changed. Exit code 1 where there are faults.
"""

import argparse
import sys
from pathlib import Path

from datamodules.contract import DataFault
from datamodules.inspection import folder_faults


def main() -> int:
    parser = argparse.ArgumentParser(description="List all faults of a folder of house numbers.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=4, help="threads that decode (default: %(default)s)")
    choice = parser.parse_args()
    try:
        seen, faults = folder_faults(choice.folder, choice.workers)
    except DataFault as fault:
        print(fault, file=sys.stderr)
        return 1
    print("\n".join([*seen, *faults, f"{len(faults)} faults" if faults else "no fault"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
