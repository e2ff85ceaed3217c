"""Moved: `attention-score`."""

import sys

from moved_command import run

sys.exit(run("attention-score", "score_captions"))
