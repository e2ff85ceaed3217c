"""The subject of contracts: a composed configuration, and what is built from it on first use."""

from functools import cached_property
from pathlib import Path
from typing import Any, final

import torch
from omegaconf import DictConfig, OmegaConf

from benchmark.build import Built, build_data, build_module
from benchmark.config.compose import plain
from datamodules.contract import Batch, TaskSpec

CPU = torch.device("cpu")
IMAGES = 4
"""Images of a batch on which models are run."""
WIDTH = 16
"""Maximum channels of a layer of the models that are run, so that checks are fast."""
SEED = 0


@final
class Given:
    """The choice `group=name` to check, within the configuration of a whole run."""

    def __init__(self, config: DictConfig, group: str, name: str):
        self.config, self.group, self.name = config, group, name
        self._first: dict[str, Batch] = {}

    @cached_property
    def plain(self) -> dict[str, Any]:
        return plain(self.config)

    @cached_property
    def data(self) -> Any:
        """The data set, with its files fetched and read."""
        return self.made()

    def made(self, **knobs: Any) -> Any:
        """A new instance of the data set, fetched and read, with the given values of its knobs."""
        config = self.config.copy()
        for knob, value in knobs.items():
            OmegaConf.update(config, f"data.{knob}", value, force_add=True)
        data, _ = build_data(config)
        data.prepare_data()
        data.setup("fit")
        return data

    def unread(self, root: Path) -> Any:
        """A new instance of the data set with data.root=root, not yet read."""
        config = self.config.copy()
        OmegaConf.update(config, "data.root", str(root))
        return build_data(config)[0]

    @property
    def spec(self) -> TaskSpec:
        spec: TaskSpec = self.data.spec
        return spec

    def has(self, key: str) -> bool:
        """Whether the configuration has a value at a dotted key."""
        return OmegaConf.select(self.config, key) is not None

    def first(self, split: str) -> Batch:
        """The first batch of a split's first epoch."""
        if split not in self._first:
            self._first[split] = self.data.batch(next(iter(self.data.tickets(split))), CPU)
        return self._first[split]

    def few(self, split: str) -> Batch:
        """The first IMAGES images of a split."""
        return Batch(*(field[:IMAGES] for field in self.first(split)))

    @cached_property
    def parts(self) -> Built:
        """The parts of a run, with narrow layers; built once."""
        return self.anew()

    def anew(self) -> Built:
        """The same parts built again, with equal initial weights."""
        config = {key: node if key == "data" else narrowed(node) for key, node in self.plain.items()}
        torch.manual_seed(SEED)
        module = build_module(OmegaConf.create(config), self.spec, self.data.references)
        return Built(self.data, module, self.spec)


def narrowed(node: Any) -> Any:
    """A plain configuration with layers of at most WIDTH channels and sizes of at most 4 * WIDTH."""
    if isinstance(node, list):
        return [narrowed(item) for item in node]
    if not isinstance(node, dict):
        return node
    small = {key: narrowed(value) for key, value in node.items()}
    small |= {key: min(WIDTH, small[key]) for key in ("channels",) if isinstance(small.get(key), int)}
    small |= {"layers": [[min(WIDTH, layer[0]), *layer[1:]] for layer in small["layers"]]} if "layers" in small else {}
    return small | ({"sizes": [min(4 * WIDTH, size) for size in small["sizes"]]} if "sizes" in small else {})
