"""Moved: `attention-fetch mnist`."""

import sys

from moved_command import run

sys.exit(run("attention-fetch mnist", "fetch"))
