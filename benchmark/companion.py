"""A further process of a run that several train: `python -m benchmark.companion FOLDER`, started by the run itself."""

import sys
from pathlib import Path

from benchmark.fitting import assist_in
from benchmark.process.parent import end_with_parent
from benchmark.process.program import program


@program
def main() -> int:
    """The entry point. The environment says which process this is, see benchmark.process.ranks."""
    end_with_parent()
    assist_in(Path(sys.argv[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
