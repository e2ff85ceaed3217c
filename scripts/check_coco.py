"""Moved: `attention-check-data coco`."""

import sys

from moved_command import run

sys.exit(run("attention-check-data coco", "check_data"))
