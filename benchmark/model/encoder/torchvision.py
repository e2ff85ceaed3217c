"""Torchvision's classifiers as encoders, pretrained or not.

Torchvision is an optional extra and is imported when it is needed (see `torchvision_import`).
Axes: B images, C channels, H rows, W columns.
"""

import importlib
import re
from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn

from benchmark.common.errors import ConfigFault, RunFault
from benchmark.common.listing import sha256_of
from benchmark.common.nearest import did_you_mean
from benchmark.common.torchvision_import import KNOB, library
from benchmark.model.encoder.base import Encoder
from benchmark.model.encoder.cells import PIXELS, CellCentres, EvenCells, StridedCells
from benchmark.model.encoder.state_dicts import Weights, fill, read

WITH_HEADS = {"googlenet", "inception_v3"}
"""Architectures with auxiliary classifiers, which are left out."""
HEADS = ("aux1.", "aux2.", "AuxLogits.")
"""Prefixes of the auxiliary classifiers' weights in published files."""
HASH = re.compile(r"-([0-9a-f]{8,})\.")
"""The beginning of the sha256, in the name of a published file."""
RGB = 3
NONE = "none"
LATER = "later"
"""In place of a name: the architecture of published weights, to be loaded from a checkpoint."""


@final
class Torchvision(Encoder):
    """A torchvision classifier up to one of its layers; later layers are removed, and not counted as parameters.

    architecture: a torchvision name, as resnet18. layer: the name of the module whose output is the feature map.
    weights: "none" for torchvision's initialisation; a torchvision name, with or without its enum's name; a file with a
    state dict, for any number of classes; or "later", from a checkpoint. seen: data sets that the weights were trained
    on. A grey image is repeated to three channels.
    Raises ConfigFault for an unknown name or an image it cannot read, RunFault for weights that do not fit or cannot be
    downloaded.
    """

    later: ClassVar[Mapping[str, str]] = {"weights": LATER}

    def __init__(self, shape: tuple[int, int, int], architecture: str, layer: str, weights: str, seen: list[str]):
        super().__init__()
        if shape[0] not in (1, RGB):
            raise ConfigFault(
                [
                    f"{KNOB}: {architecture} reads images of 3 channels, or grey ones, and these have {shape[0]}: "
                    "the scales of a retina can be read one by one, each as an image"
                ]
            )
        models = library().models
        network = classifier(models, architecture, str(weights) != NONE)
        self.body = cut(network, architecture, layer)
        self.layer, self.weights = layer, Weights(architecture, NONE, NONE, ())
        if str(weights) not in (NONE, LATER):
            name, path = located(models, architecture, str(weights))
            there = {key: value for key, value in read(path).items() if not key.startswith(HEADS)}
            fill(self.body, set(network.state_dict()), path, architecture, there)
            self.weights = Weights(architecture, name, sha256_of(path), tuple(seen))
        self.shape = self._probed(shape, architecture, layer)
        self.cells = traced_cells(self.body)

    def forward(self, image_BCHW: Tensor) -> Tensor:
        features = self.body(image_BCHW.expand(-1, RGB, -1, -1))["features"]
        return features if features.dim() == 4 else features[:, :, None, None]

    @torch.no_grad()
    def _probed(self, shape: tuple[int, int, int], architecture: str, layer: str) -> tuple[int, int, int]:
        """The shape of the feature map, from a forward pass of a black image."""
        training = self.body.training
        try:
            features = self.body.eval()(torch.zeros(1, RGB, *shape[1:]))["features"]
        except (RuntimeError, AssertionError, ValueError) as error:
            reason = str(error).splitlines()[0][:120]
            raise ConfigFault([f"{KNOB}: {architecture} cannot read {shape[1]} x {shape[2]} px ({reason})"]) from None
        self.body.train(training)
        is_map = features.dim() == 4 and (shape[1] != shape[2] or features.shape[2] == features.shape[3])
        if not (is_map or features.dim() == 2):
            raise ConfigFault(
                [
                    f"{KNOB}.layer: {layer} of {architecture} gives {list(features.shape)}, and neither a map "
                    "(images, channels, rows, columns) nor a code (images, channels)"
                ]
            )
        channels, rows, columns = (*features.shape[1:], 1, 1)[:3]
        return channels, rows, columns

    def extra_repr(self) -> str:
        return f"layer={self.layer!r}"


def traced_cells(body: Any) -> CellCentres:
    """Where the cells of a feature extractor's map look, by the convolutions and poolings of its graph; of branches by
    those of the first.
    """
    found: dict[Any, CellCentres] = {}
    for node in body.graph.nodes:
        before = [found[each] for each in node.all_input_nodes if each in found]
        cells = before[0] if before else PIXELS
        part = body.get_submodule(node.target) if node.op == "call_module" else None
        if isinstance(part, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d) and isinstance(cells, StridedCells):
            kernel, stride, padding = (pair(getattr(part, name)) for name in ("kernel_size", "stride", "padding"))
            wide = pair(getattr(part, "dilation", 1)) * (kernel - 1) + 1
            cells = cells.then(wide, stride, padding)
        elif isinstance(part, nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d):
            cells = EvenCells()
        found[node] = cells
    return next(reversed(found.values()))


def pair(of: Any) -> int:
    """The first of two equal numbers, or the only one."""
    return int(of if isinstance(of, int) else of[0])


def classifier(models: Any, architecture: str, pretrained: bool) -> nn.Module:
    """A torchvision classifier with its initial weights. Raises ConfigFault for an unknown architecture."""
    known = models.list_models(module=models)
    if architecture not in known:
        nearest = did_you_mean(architecture, known) or f"; there are {', '.join(known)}"
        raise ConfigFault([f"{KNOB}.architecture: torchvision has no {architecture!r}{nearest}"])
    own: dict[str, Any] = {}
    if architecture in WITH_HEADS:  # their published weights expect another normalisation than all others'
        own = {"aux_logits": False, "init_weights": not pretrained, "transform_input": pretrained}
    network: nn.Module = models.get_model(architecture, weights=None, **own)
    return network


def cut(network: nn.Module, architecture: str, layer: str) -> nn.Module:
    """The network up to a layer, its output named "features". Raises ConfigFault for an unknown layer."""
    extraction = importlib.import_module("torchvision.models.feature_extraction")
    training, evaluation = extraction.get_graph_node_names(network)
    nodes = [name for name in evaluation if name in set(training)][1:]  # the first is the image
    known = list(dict.fromkeys(part for name in nodes for part in accumulate(name.split("."), "{}.{}".format)))
    if layer not in known:
        top = ", ".join(dict.fromkeys(name.split(".")[0] for name in nodes))
        raise ConfigFault(
            [f"{KNOB}.layer: {architecture} has no {layer!r}{did_you_mean(layer, known)}; its outermost are {top}"]
        )
    body: nn.Module = extraction.create_feature_extractor(network, {layer: "features"}, suppress_diff_warning=True)
    return body


def located(models: Any, architecture: str, weights: str) -> tuple[str, Path]:
    """The full name of weights, and their file, downloaded if it is not there yet.

    Raises ConfigFault for unknown weights, RunFault for a download that fails or a damaged file.
    """
    offered = models.get_model_weights(architecture)
    short = weights.removeprefix(f"{offered.__name__}.")
    if short not in offered.__members__:
        path = Path(weights).expanduser()
        if path.is_file():
            return path.name, path
        names = [*offered.__members__, NONE]
        raise ConfigFault(
            [
                f"{KNOB}.weights: {weights} is no file, and no weights of {architecture}{did_you_mean(short, names)}; "
                f"there are {', '.join(names)}"
            ]
        )
    chosen = offered[short]
    return str(chosen), fetched(chosen.url)


def fetched(url: str) -> Path:
    """The file behind an address, downloaded to torch.hub's folder. Raises RunFault."""
    path = Path(torch.hub.get_dir(), "checkpoints", url.rpartition("/")[2])
    begins = HASH.search(path.name)
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(url, str(path), begins and begins[1])
        except (OSError, RuntimeError) as error:
            raise RunFault(
                f"cannot fetch {url} ({error}). Bring the file here in another way and give its path: "
                f"{KNOB}.weights=FILE"
            ) from None
    if begins and not sha256_of(path).startswith(begins[1]):
        raise RunFault(f"{path} is damaged: its sha256 is not the one in its name. Delete it, and it is fetched again")
    return path
