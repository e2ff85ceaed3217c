"""A folder of a run that captions, and yamls for its toy data set, for the tests of what is done with such folders."""

import json
from dataclasses import asdict

import numpy as np
import torch
from models import configurations, task
from omegaconf import OmegaConf
from PIL import Image

from benchmark.build import build_rnn
from benchmark.config.compose import Composer
from benchmark.results.run_folder import RunFolder

SIDE, END = 32, 5
CHOICE = "# @package _global_\ndata:\n  _target_: hostile_folders.Pictured\n  name: toy\n"


class Pictured:
    """A data set that reads anyone's pictures, as far as captions are concerned."""

    def __init__(self, name: str):
        self.name = name

    def pictures(self, paths):
        images = [np.asarray(Image.open(path).convert("RGB").resize((SIDE, SIDE))) for path in paths]
        return torch.from_numpy(np.stack(images) / 255).float().permute(0, 3, 1, 2)


def with_toy(folder):
    """The installed choices, and the toy data set among them."""
    configurations()  # registers plugins
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "toy.yaml").write_text(CHOICE)
    return Composer(str(folder))


def captioning_run(path, *overrides):
    """The folder of a run that learned nothing, with all that a run leaves for captions."""
    folder = RunFolder(path)
    folder.make()
    small = ["look.hidden=16", "look.symbol_size=8", "look.glimpses=1", *overrides]
    cfg = configurations().job(["attention=item_soft", *small])
    cfg.data = {"_target_": "hostile_folders.Pictured", "name": "toy"}
    spec = task(SIDE, symbols=END + 1, steps=4, end=END, channels=3)
    torch.manual_seed(0)
    rnn = build_rnn(cfg, spec)
    folder.config.write_text(OmegaConf.to_yaml(cfg, resolve=True))
    folder.task.write_text(json.dumps(asdict(spec)))
    folder.symbols.write_text(json.dumps(list(spec.symbols)))
    weights = {f"rnn.{name}": value for name, value in rnn.state_dict().items()}
    torch.save({"state_dict": weights, "symbols": list(spec.symbols)}, folder.best)
    return folder
