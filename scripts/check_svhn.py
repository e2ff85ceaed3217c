"""Moved: `attention-check-data svhn`."""

import sys

from moved_command import run

sys.exit(run("attention-check-data svhn", "check_data"))
