"""Moved: `attention-fetch coco`."""

import sys

from moved_command import run

sys.exit(run("attention-fetch coco", "fetch"))
