"""Moved: `attention-check-data dogs`."""

import sys

from moved_command import run

sys.exit(run("attention-check-data dogs", "check_data"))
