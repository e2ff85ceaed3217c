"""List all faults of a folder of house numbers: python scripts/check_svhn.py FOLDER.

FOLDER holds train/, test/ ... with a digitStruct.mat each, or is one of them, or holds labels.csv and images/.
Nothing in it is changed. Exit code 1 where there are faults.
"""

import sys

from checking import run

from datamodules.inspection import folder_faults

if __name__ == "__main__":
    sys.exit(run("house numbers", folder_faults))
