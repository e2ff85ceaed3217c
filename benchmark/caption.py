"""Captions for anyone's pictures, by a run: what it says, and where it looked for each word.

    python -m benchmark.caption run=runs/coco/item_soft/coco/seed=0 images=holiday/*.jpg
    python -m benchmark.caption run=FOLDER images=one.jpg,two.png decoding=beam decoding.width=3 out=captions

Prints a caption for each picture, and writes for each a PNG that shows it once per word with the attention over it, and
a page, index.html, with all of them. The weights are the best ones of the run's folder; no data set is needed.
"""

import sys

from benchmark.compose import Composer, register_plugins
from benchmark.launcher import PoolLauncher
from benchmark.pretrained import make_importable
from benchmark.program import program


@program
def main() -> None:
    """The command line."""
    arguments = sys.argv[1:]
    if not arguments or {"-h", "--help"} & set(arguments):
        print(__doc__)
        return
    make_importable()  # before any part imports Lightning
    from benchmark.captioning import asked, caption

    register_plugins(PoolLauncher)
    caption(asked(arguments), Composer())


if __name__ == "__main__":
    sys.exit(main())
