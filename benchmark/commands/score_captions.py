"""Score captions against references as COCO's evaluation does, and print the scores as JSON.

attention-score --references annotations/captions_val2014.json --results results.json [--per-image]

BLEU-1 to BLEU-4, ROUGE-L and CIDEr-D equal pycocoevalcap's on equal words; words are split without Java, almost always
alike. METEOR is there where Java and its jar are (from pycocoevalcap, or --meteor-jar), METEOR-nltk, which is another
measure, where nltk has WordNet; else standard error says why there is none. "images" is how many were scored. BLEU also
stands there without brevity penalty. Exit code 2 where a file has faults, all of which are told.
"""

import argparse
import json
import sys
from pathlib import Path

from benchmark.metrics.caption.files import Scored, score_files
from benchmark.process.program import program


def written(scored: Scored, per_image: bool) -> str:
    told: dict[str, object] = {"images": len(scored.images), **scored.scores.corpus}
    if per_image:
        rows = zip(*(value.tolist() for value in scored.scores.image.values()), strict=True)
        names = list(scored.scores.image)
        told["per_image"] = {
            str(image): dict(zip(names, row, strict=True)) for image, row in zip(scored.images, rows, strict=True)
        }
    return json.dumps(told, indent=1)


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="attention-score", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--references", type=Path, required=True, metavar="FILE", help="an official captions_*.json")
    parser.add_argument(
        "--results", type=Path, required=True, metavar="FILE",
        help='[{"image_id": 1, "caption": "a dog"}, ...], one for each image of the references',
    )  # fmt: skip
    parser.add_argument(
        "--tokenized", action="store_true",
        help='both files are {"image id": ["caption", ...]} with words between single blanks, and scored as they are',
    )  # fmt: skip
    parser.add_argument("--per-image", action="store_true", help="tell the scores of each image too")
    parser.add_argument(
        "--subset", action="store_true",
        help="score the images that have a result, and count CIDEr-D's document frequencies in them alone",
    )  # fmt: skip
    parser.add_argument(
        "--meteor-jar", type=Path, metavar="FILE", help="meteor-1.5.jar, with data/paraphrase-en.gz beside it"
    )
    return parser


@program
def main() -> int:
    choice = command_line().parse_args()
    scored = score_files(choice.references, choice.results, choice.tokenized, choice.subset, choice.meteor_jar)
    if scored.remark:
        print(scored.remark, file=sys.stderr)
    print(written(scored, choice.per_image))
    return 0


if __name__ == "__main__":
    sys.exit(main())
