"""What a cache of features saves: epochs of a frozen encoder with features computed each time, and with them kept.

    OMP_NUM_THREADS=1 python scripts/measure_features.py data.root=FOLDER
    OMP_NUM_THREADS=1 python scripts/measure_features.py --encoder residual_map attention=none data=stanford_dogs_sample

Each epoch is timed from its first ticket to the end of its validation. The first one with kept features makes them, for
all images of all splits; those after it look them up, and so would every epoch of another run. Trains on images that
are not drawn anew, at the size of the data set; torchvision's weights are drawn, which cost as much and need no file.
"""

import argparse
import statistics
import sys
import tempfile
from typing import Any

from benchmark.common.torchvision_import import make_importable

make_importable()  # before anything imports Lightning

import measuring  # noqa: E402
import pytorch_lightning as pl  # noqa: E402
from measuring import Row  # noqa: E402
from pytorch_lightning.callbacks import Callback  # noqa: E402

from benchmark.build import build, make  # noqa: E402
from benchmark.training.callbacks.builtin import EpochSeed  # noqa: E402

STILL = "data.jitter={place:0,mirror:0,brightness:0,contrast:0,saturation:0,hue:0}"


class Epochs(Callback):
    """When each epoch ended, and when training was asked for."""

    def __init__(self, device: Any):
        self.device, self.at = device, list[float]()

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        self.at.append(measuring.now(self.device))

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.at.append(measuring.now(self.device))


def epochs(overrides: list[str], choice: argparse.Namespace, folder: str) -> list[float]:
    """Seconds of each epoch; what is made before the first one counts to it."""
    config = measuring.composer().job([*overrides, f"trainer.max_epochs={choice.rounds}"])
    parts, watch = build(config), Epochs(choice.device)
    trainer = make(
        config.trainer, logger=False, callbacks=[EpochSeed(0), watch, make(config.features)],
        accelerator=choice.device.type, enable_checkpointing=False, enable_progress_bar=False,
        num_sanity_val_steps=0, enable_model_summary=False, default_root_dir=folder,
    )  # fmt: skip
    trainer.fit(parts.module, datamodule=parts.datamodule)
    return [after - before for before, after in zip(watch.at, watch.at[1:], strict=False)]


def measure(choice: argparse.Namespace) -> list[Row]:
    drawn = ["encoder.body.weights=none"] if choice.encoder == "torchvision" else []
    shared = [f"attention={choice.attention}", f"data={choice.data}", f"encoder={choice.encoder}",
              "encoder/tuning=frozen", *drawn, STILL, *choice.overrides]  # fmt: skip
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, features in (("live", []), *((dtype, ["features=cached", f"features.store.folder={folder}/features",
                                                        f"features.store.dtype={dtype}"])
                                               for dtype in ("float32", "float16"))):  # fmt: skip
            first, *rest = epochs([*shared, *features], choice, folder)
            later = statistics.median(rest)
            rows.append({"features": name, "first epoch, s": first, "later epochs, s": later, "ratio": first / later})
    return rows


if __name__ == "__main__":
    parser = measuring.arguments(__doc__)
    parser.set_defaults(rounds=3)
    parser.add_argument("--attention", default="item_soft", help="default: %(default)s")
    parser.add_argument("--data", default="stanford_dogs", help="default: %(default)s")
    parser.add_argument("--encoder", default="torchvision", help="default: %(default)s")
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="knobs, as on the command line of a run")
    sys.exit(measuring.main(measure, parser, "Epochs with and without kept features"))
