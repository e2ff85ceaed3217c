"""A study of two tasks: several seeds, a single seed, a setting, published numbers, a failed run."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fabricated_runs import finished, record, unfinished

IMAGES = 400
OVERLAP = np.repeat([0.0, 0.25, 0.5, 0.75], IMAGES // 4)
SVHN = {"fingerprints": {"test": "d" * 64}}
SETTING = {"setting": "0badcafe", "differs": {"look.glimpses": 6, "cell": "gru"}}


def write(study: Path, attention: str, data: str, seed: int, wrong: int, **changes: Any) -> Path:
    """A run with so many wrong images by the mean policy, and twice as many when it looks at random."""
    held = {"mean": np.arange(IMAGES) < wrong, "random": np.arange(IMAGES) < 2 * wrong}
    return finished(study, record(attention, data, seed, held, study=study.name, **changes), held, OVERLAP)


@pytest.fixture(scope="package")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "compared"
    for seed, extra in enumerate((-4, 0, 5)):
        write(folder, "dram", "mnist_pairs", seed, 20 + extra)
        write(folder, "ram", "mnist_pairs", seed, 40 + extra)
        write(folder, "item_soft", "svhn", seed, 60 + extra, **SVHN)
    write(folder, "none", "mnist_pairs", 0, 61)
    write(folder, "dram", "mnist_pairs", 0, 30, **SETTING)
    write(folder, "dram", "svhn", 0, 80, **SVHN)
    unfinished(folder, "ram", "mnist_pairs", 7, state="failed", message="the loss is not finite", epoch=3)
    (folder / "dashboard").mkdir()
    (folder / "dashboard" / "key").write_text("0123456789ab")
    return folder
