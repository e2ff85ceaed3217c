"""Captions for anyone's pictures, by a run: what it says, and where it looked for each word.

    python -m benchmark.caption run=runs/coco/item_soft/coco/seed=0 images=holiday/*.jpg
    python -m benchmark.caption run=FOLDER images=one.jpg,two.png decoding=beam decoding.width=3 out=captions
    python -m benchmark.caption run=FOLDER images=one.jpg --config-dir FOLDER

Prints a caption for each picture, and writes for each a PNG that shows it once per word with the attention over it, and
a page, index.html, with all of them. The weights are the best ones of the run's folder; no data set is needed. The
folder may be a stranger's: only parts that installed choices name are built; --config-dir names a folder of more.
"""

import sys
from argparse import ArgumentParser

from benchmark.common.torchvision_import import make_importable
from benchmark.config.compose import Composer, register_plugins
from benchmark.process.program import program


@program
def main() -> None:
    """The command line."""
    arguments = sys.argv[1:]
    if not arguments or {"-h", "--help"} & set(arguments):
        print(__doc__)
        return
    make_importable()  # before any part imports Lightning
    from benchmark.captioning import asked, caption

    register_plugins()
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--config-dir")
    further, arguments = parser.parse_known_args(arguments)
    caption(asked(arguments), Composer(further.config_dir))


if __name__ == "__main__":
    sys.exit(main())
