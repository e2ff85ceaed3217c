"""Moved: `attention-fetch dogs`."""

import sys

from moved_command import run

sys.exit(run("attention-fetch dogs", "fetch"))
