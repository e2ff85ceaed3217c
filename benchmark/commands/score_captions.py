"""Score captions against references as COCO's evaluation does, and print the scores as JSON.

attention-score --references annotations/captions_val2014.json --results results.json [--per-image]

BLEU-1 to BLEU-4, ROUGE-L and CIDEr-D equal pycocoevalcap's on equal tokens; the tokeniser needs no Java and almost
always gives the same tokens. METEOR needs Java and its jar (from pycocoevalcap, or --meteor-jar). METEOR-nltk, which is
a different metric, needs nltk with WordNet. Standard error says why one of them is missing. "images" is the number of
scored images. BLEU is also given without brevity penalty. Exit code 2 if a file has faults, all of which are listed.
"""

import argparse
import json
import sys
from pathlib import Path

from benchmark.metrics.caption.files import Scored, score_files
from benchmark.process.program import program


def written(scored: Scored, per_image: bool) -> str:
    report: dict[str, object] = {"images": len(scored.images), **scored.scores.corpus}
    if per_image:
        rows = zip(*(value.tolist() for value in scored.scores.image.values()), strict=True)
        names = list(scored.scores.image)
        report["per_image"] = {
            str(image): dict(zip(names, row, strict=True)) for image, row in zip(scored.images, rows, strict=True)
        }
    return json.dumps(report, indent=1)


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
        help='both files are {"image id": ["caption", ...]} with tokens separated by single spaces, scored as they are',
    )  # fmt: skip
    parser.add_argument("--per-image", action="store_true", help="also print the scores of each image")
    parser.add_argument(
        "--subset", action="store_true",
        help="score only the images that have a result; CIDEr-D's document frequencies are counted over them only",
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
