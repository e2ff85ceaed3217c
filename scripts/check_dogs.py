"""List all faults of a folder of Stanford Dogs: python scripts/check_dogs.py FOLDER.

FOLDER holds Images/, Annotation/, train_list.mat and test_list.mat; without Annotation/, boxes are not looked at.
Nothing in it is changed. Exit code 1 where there are faults.
"""

import sys

from checking import run

from datamodules.dog_inspection import folder_faults

if __name__ == "__main__":
    sys.exit(run("Stanford Dogs", folder_faults))
