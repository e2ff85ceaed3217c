"""What contracts look at: a composed configuration, and what is built from it when it is first asked for."""

from functools import cached_property
from pathlib import Path
from typing import Any, final

import torch
from omegaconf import DictConfig, OmegaConf

from benchmark.build import Built, build_data, build_module
from benchmark.config.compose import plain
from datamodules.contract import Batch, TaskSpec

CPU = torch.device("cpu")
SPLITS = ("train", "validation", "test")
IMAGES = 4
"""Of a batch, that models are tried on."""
WIDTH = 16
"""Channels of a layer, at most, of models that are tried: as a network, and quick."""
SEED = 0


@final
class Given:
    """One choice, `group=name`, and the rest of a run around it."""

    def __init__(self, config: DictConfig, group: str, name: str):
        self.config, self.group, self.name = config, group, name
        self._first: dict[str, Batch] = {}

    @cached_property
    def plain(self) -> dict[str, Any]:
        return plain(self.config)

    @cached_property
    def data(self) -> Any:
        """The data set, its files fetched and read."""
        return self.made()

    def made(self, **knobs: Any) -> Any:
        """Another instance of the data set, with other values of its knobs."""
        config = self.config.copy()
        for knob, value in knobs.items():
            OmegaConf.update(config, f"data.{knob}", value, force_add=True)
        data, _ = build_data(config)
        data.prepare_data()
        data.setup("fit")
        return data

    def unread(self, root: Path) -> Any:
        """The data set told that its files are in a folder, before it looks for them."""
        config = self.config.copy()
        OmegaConf.update(config, "data.root", str(root))
        return build_data(config)[0]

    @property
    def spec(self) -> TaskSpec:
        spec: TaskSpec = self.data.spec
        return spec

    def has(self, key: str) -> bool:
        """Whether the data set has a knob, or the configuration a dotted key."""
        return OmegaConf.select(self.config, key) is not None

    def first(self, split: str) -> Batch:
        """The first batch of a split's first epoch."""
        if split not in self._first:
            self._first[split] = self.data.batch(next(iter(self.data.tickets(split))), CPU)
        return self._first[split]

    def few(self, split: str) -> Batch:
        """The first images of a split."""
        return Batch(*(field[:IMAGES] for field in self.first(split)))

    @cached_property
    def parts(self) -> Built:
        """A run's parts, its layers narrow."""
        return self.anew()

    def anew(self) -> Built:
        config = {key: node if key == "data" else narrowed(node) for key, node in self.plain.items()}
        torch.manual_seed(SEED)
        module = build_module(OmegaConf.create(config), self.spec, self.data.references)
        return Built(self.data, module, self.spec)


def narrowed(node: Any) -> Any:
    """A plain configuration whose layers have at most WIDTH channels."""
    if isinstance(node, list):
        return [narrowed(item) for item in node]
    if not isinstance(node, dict):
        return node
    small = {key: narrowed(value) for key, value in node.items()}
    small |= {key: min(WIDTH, small[key]) for key in ("channels",) if isinstance(small.get(key), int)}
    small |= {"layers": [[min(WIDTH, layer[0]), *layer[1:]] for layer in small["layers"]]} if "layers" in small else {}
    return small | ({"sizes": [min(4 * WIDTH, size) for size in small["sizes"]]} if "sizes" in small else {})
