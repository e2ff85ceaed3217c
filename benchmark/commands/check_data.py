"""List all faults of a data set's files: attention-check-data NAME FOLDER. Nothing in the folder is changed.

    mnist    the four official files
    svhn     train/, test/ ... with a digitStruct.mat each; one such part; or labels.csv and images/
    dogs     Images/, Annotation/ and the lists; without Annotation/, boxes are not checked
    coco     Karpathy's dataset_*.json or COCO's annotations/, and the photographs. coco, coco2017,
             flickr8k and flickr30k are recognised by their files; or give one of these names

For captions, further arguments are knobs, as for a run: attention-check-data coco FOLDER data.year=2014
Exit code 0: no fault, 1: faults, or no such files in the folder, 2: wrong input.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmark.common.errors import ConfigFault
from benchmark.process.program import program

CAPTIONS = {
    "dataset_coco.json": "coco",
    "dataset_flickr8k.json": "flickr8k",
    "dataset_flickr30k.json": "flickr30k",
    "annotations/captions_train2017.json": "coco2017",
}
"""Caption data sets by a file that only they have."""

Found = tuple[list[str], list[str]]
"""What was checked, and all faults, as lines."""


def no_knobs(overrides: Sequence[str]) -> None:
    """Raises ConfigFault for any override."""
    if overrides:
        raise ConfigFault([f"{' '.join(overrides)}: only data sets of captions take knobs here"])


def digits(_name: str, folder: Path, workers: int, overrides: Sequence[str]) -> Found:
    from datamodules.digits.inspection import folder_faults

    no_knobs(overrides)
    return folder_faults(folder)


def house_numbers(_name: str, folder: Path, workers: int, overrides: Sequence[str]) -> Found:
    from datamodules.house_numbers.inspection import folder_faults

    no_knobs(overrides)
    return folder_faults(folder, workers)


def dogs(_name: str, folder: Path, workers: int, overrides: Sequence[str]) -> Found:
    from datamodules.dogs.inspection import folder_faults

    no_knobs(overrides)
    return folder_faults(folder, workers)


def captions(name: str, folder: Path, workers: int, overrides: Sequence[str]) -> Found:
    from benchmark.build import make
    from benchmark.commands.composed import composed
    from datamodules.captions.inspection import all_faults

    found = next((each for file, each in CAPTIONS.items() if (folder / file).is_file()), "coco")
    chosen = found if name == "coco" else name
    node = composed(chosen, overrides)
    node.root = str(folder)
    seen, faults = all_faults(make(node).source, workers)
    return [f"{chosen}: {line}" for line in seen], faults


CHECKS: dict[str, Callable[[str, Path, int, Sequence[str]], Found]] = {
    "mnist": digits, "svhn": house_numbers, "dogs": dogs, **dict.fromkeys(sorted(CAPTIONS.values()), captions),
}  # fmt: skip
"""Check functions by name on the command line."""


@program
def main() -> int:
    parser = argparse.ArgumentParser(
        prog="attention-check-data", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", choices=CHECKS, metavar="NAME", help=", ".join(CHECKS))
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--workers", type=int, default=4, help="threads that decode (default: %(default)s)")
    choice, overrides = parser.parse_known_intermixed_args()
    seen, faults = CHECKS[choice.data](choice.data, choice.folder, choice.workers, overrides)
    print("\n".join([*seen, *faults, f"faults: {len(faults)}" if faults else "no fault"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
