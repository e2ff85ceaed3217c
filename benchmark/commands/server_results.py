"""Write or check a results.zip for COCO's caption server.

attention-server-results check results.zip --val captions_val2014.json --test image_info_test2014.json
attention-server-results write FOLDER --algorithm NAME --val-results val.json --test-results test.json
    --val captions_val2014.json --test image_info_test2014.json

Checks the names of the archive and its two files, and that exactly the images of the annotations have one caption each.
Results with faults are not written. Exit code 1 if there are faults, 2 if a file cannot be read or results cannot be
written.
"""

import argparse
import sys
from pathlib import Path

from benchmark.metrics.caption.coco_json import official_results
from benchmark.metrics.caption.server_results import SPLITS, image_ids, results_faults, write_results
from benchmark.process.program import program


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="attention-server-results", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="list all faults of an archive")
    check.add_argument("archive", type=Path)
    write = commands.add_parser("write", help="write results.zip into a folder")
    write.add_argument("folder", type=Path)
    write.add_argument("--algorithm", required=True, metavar="NAME", help="letters, digits, . and -")
    for split in ("val", "test"):
        write.add_argument(f"--{split}-results", type=Path, required=True, metavar="FILE",
                           help='[{"image_id": 1, "caption": "a dog"}, ...]')  # fmt: skip
        for command in (check, write):
            command.add_argument(
                f"--{split}", type=Path, required=True, metavar="FILE", help="annotations that list all images"
            )
    return parser


@program
def main() -> int:
    choice = command_line().parse_args()
    images = dict(zip(SPLITS, map(image_ids, (choice.val, choice.test)), strict=True))
    if choice.command == "check":
        faults = results_faults(choice.archive, images)
        print("\n".join([*faults, f"faults: {len(faults)}" if faults else "no fault"]))
        return 1 if faults else 0
    results = map(official_results, (choice.val_results, choice.test_results))
    print(write_results(choice.folder, choice.algorithm, dict(zip(SPLITS, results, strict=True)), images))
    return 0


if __name__ == "__main__":
    sys.exit(main())
