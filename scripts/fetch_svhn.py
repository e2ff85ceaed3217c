"""Moved: `attention-fetch svhn`."""

import sys

from moved_command import run

sys.exit(run("attention-fetch svhn", "fetch"))
