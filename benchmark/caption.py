"""Caption pictures with a trained run, and show the attention map of each word.

    python -m benchmark.caption run=runs/coco/item_soft/coco/seed=0 images=holiday/*.jpg
    python -m benchmark.caption run=FOLDER images=one.jpg,two.png decoding=beam decoding.width=3 out=captions
    python -m benchmark.caption run=FOLDER images=one.jpg --config-dir FOLDER

Prints a caption for each picture, writes a PNG for each with the attention map of every word, and a page, index.html,
with all of them. Uses the best checkpoint in the run's folder; needs no data set. The folder may be untrusted: only
classes that installed yamls name are built; --config-dir adds a folder of yamls.
"""

import sys
from collections.abc import Sequence

from benchmark.config.command_line import folder_command
from benchmark.config.compose import Composer
from benchmark.process.program import program


@program
def main() -> int:
    """The command line."""
    return folder_command(__doc__, _carry_out)


def _carry_out(arguments: Sequence[str], composer: Composer) -> None:
    from benchmark.captioning import caption, parse_arguments  # imports PyTorch, which --help does not need

    caption(parse_arguments(arguments), composer)


if __name__ == "__main__":
    sys.exit(main())
