"""A further process of a run that several train: `python -m benchmark.companion FOLDER`, started by the run itself."""

import sys
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from benchmark.process.parent import end_with_parent
from benchmark.process.program import program


@program
def main() -> int:
    """The entry point. The environment says which process this is, see benchmark.process.ranks."""
    end_with_parent()
    folder = Path(sys.argv[1])
    config = OmegaConf.load(folder / "config.yaml")
    assert isinstance(config, DictConfig)
    from benchmark.fitting import assist

    assist(config, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
