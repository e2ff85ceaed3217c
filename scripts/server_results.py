"""Moved: `attention-server-results`."""

import sys

from moved_command import run

sys.exit(run("attention-server-results", "server_results"))
