"""Caption pictures with a trained run, and show the attention map of each word.

    python -m benchmark.caption run=runs/coco/item_soft/coco/seed=0 images=holiday/*.jpg
    python -m benchmark.caption run=FOLDER images=one.jpg,two.png decoding=beam decoding.width=3 out=captions
    python -m benchmark.caption run=FOLDER images=one.jpg --config-dir FOLDER

Prints a caption for each picture, writes a PNG for each with the attention map of every word, and a page, index.html,
with all of them. Uses the best checkpoint in the run's folder; needs no data set. The folder may be untrusted: only
classes that installed yamls name are built; --config-dir adds a folder of yamls.
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
    from benchmark.captioning import caption, parse_arguments

    register_plugins()
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--config-dir")
    further, arguments = parser.parse_known_args(arguments)
    caption(parse_arguments(arguments), Composer(further.config_dir))


if __name__ == "__main__":
    sys.exit(main())
