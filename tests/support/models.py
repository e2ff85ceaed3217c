"""What the tests of models share: compositions of the real configurations, made small, and toy tasks."""

from functools import cache
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig
from run_helpers import ROOT, composer
from torch import Tensor, nn

from benchmark.build import Built, build
from benchmark.model.loop import AttentionRNN
from datamodules.contract import Batch, TaskSpec

ATTENTION = sorted(path.stem for path in (ROOT / "conf" / "attention").glob("*.yaml"))
DATA = sorted(path.stem for path in (ROOT / "conf" / "data").glob("*.yaml"))
ANYWHERE = ("item_hard_even", "ram", "ram_random", "random", "sermanet_random")
"""What looks at places drawn anew even where the most probable is asked for; each device draws other numbers."""
DRAWN = ("dram", "dram_nocontext", "item_hard", "ram", "sermanet")

SMALL = (
    "data.batch_size=4", "data.evaluation_batch_size=4", "data.validation_images=4", "data.test_images=4",
    "data.images_per_epoch=4", "trainer.accelerator=cpu",
)  # fmt: skip


@cache
def configurations() -> Any:
    return composer()


@cache
def config(*overrides: str) -> DictConfig:
    return configurations().job(list(overrides))


def built(attention: str, *overrides: str, seed: int = 0, data: str = "digit_pairs") -> Built:
    """The parts of a run of this mechanism, from the real configurations, with batches of four."""
    torch.manual_seed(seed)
    return build(config(f"attention={attention}", f"data={data}", *SMALL, *overrides))


def narrowed(node: Any, most: int = 16) -> Any:
    """A plain configuration whose layers have at most so many channels: as a network, and quick."""
    if isinstance(node, list):
        return [narrowed(item, most) for item in node]
    if not isinstance(node, dict):
        return node
    small = {key: narrowed(value, most) for key, value in node.items()}
    small |= {key: min(most, small[key]) for key in ("channels",) if isinstance(small.get(key), int)}
    small |= {"layers": [[min(most, layer[0]), *layer[1:]] for layer in small["layers"]]} if "layers" in small else {}
    return small | ({"sizes": [min(4 * most, size) for size in small["sizes"]]} if "sizes" in small else {})


@cache
def mnist_root(folder: Path) -> str:
    from datamodules.digits.mnist_sample import write_mnist_sample

    write_mnist_sample(folder, train=240, test=60)
    return f"data.root={folder}"


def files(data: str, folder: Path) -> list[str]:
    """Overrides that give a data set files to read: small ones in its own format, written under the folder."""
    if data.startswith("mnist"):
        return [mnist_root(folder / "mnist")]
    if data == "svhn_sample":
        return [f"data.root={folder / 'svhn_sample'}", "data.sample.train=24", "data.sample.test=8"]
    if data == "stanford_dogs_sample":
        return [f"data.root={folder / data}", "data.sample.train=24", "data.sample.test=8", *SMALL_PHOTOGRAPHS]
    if data.startswith("stanford_dogs"):
        return [dogs_root(folder / "dogs"), *SMALL_PHOTOGRAPHS]
    if data.startswith(("coco", "flickr")):
        sample = ["data.sample.train=16", "data.sample.test=6"] if data == "coco_sample" else []
        return [
            caption_root(data, folder / data),
            *sample,
            *SMALL_PHOTOGRAPHS,
            "data.max_words=2",
            "look.symbol_size=8",
        ]
    return [svhn_root(folder / "svhn")] if data.startswith("svhn") else []


SMALL_PHOTOGRAPHS = ("data.short=64", "data.size=64", "look.size=16", "look.crop=16", "look.unit=16", "look.hidden=16")


@cache
def dogs_root(folder: Path) -> str:
    from dog_folders import write_dogs

    write_dogs(folder, breeds=(1, 2), train=10, test=3)
    return f"data.root={folder}"


@cache
def caption_root(data: str, folder: Path) -> str:
    import caption_files

    if data == "coco2017":
        caption_files.official(folder, "train", list(range(1, 17)), 2017)
        caption_files.official(folder, "val", list(range(21, 27)), 2017)
    elif data != "coco_sample":  # which writes its own
        images = {"flickr8k": "Flicker8k_Dataset", "flickr30k": "flickr30k-images"}.get(data, "")
        caption_files.karpathy(folder, ["train", "val", "test"] * 6, f"dataset_{data}.json", images)
    return f"data.root={folder}"


@cache
def svhn_root(folder: Path) -> str:
    from datamodules.house_numbers.svhn_sample import write_svhn_sample
    from datamodules.storage.samples import SampleSettings

    write_svhn_sample(folder, SampleSettings(train=24, test=8, seed=0))
    return f"data.root={folder}"


def first_batch(parts: Built, split: str = "train") -> Batch:
    return next(iter(parts.datamodule.batches(split, torch.device("cpu"))))


def task(side: int | tuple[int, int] = 4, symbols: int = 3, steps: int = 1, end: int | None = None, boxes: int = 0,
         channels: int = 1, background: float = 0.0) -> TaskSpec:  # fmt: skip
    height, width = (side, side) if isinstance(side, int) else side
    return TaskSpec(
        name="toy",
        origin="synthetic",
        image_shape=(channels, height, width),
        symbols=tuple("abcdefghijklmnop"[:symbols]),
        max_steps=steps,
        end=end,
        background=background,
        box_names=tuple(f"box {n}" for n in range(boxes)),
    )


def no_references(split: str) -> tuple[()]:
    """Of a task of which nobody wrote anything."""
    return ()


def no_boxes(images: int) -> Tensor:
    return torch.zeros(images, 0, 4)


def livelier(model: nn.Module, by: float = 3.0) -> None:
    """Scales the weights up, so that what ought to differ differs by much."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(by)


def gradients(value: Tensor, model: nn.Module) -> dict[str, Tensor]:
    """Of a scalar, by parameter name; zeros where nothing flows."""
    names, parameters = zip(*model.named_parameters(), strict=True)
    found = torch.autograd.grad(value, parameters, retain_graph=True, allow_unused=True)
    pairs = zip(names, parameters, found, strict=True)
    return {name: torch.zeros_like(p) if g is None else g for name, p, g in pairs}


def touched(value: Tensor, model: nn.Module) -> set[str]:
    """The names of the parameters that a scalar's gradient reaches."""
    return {name for name, gradient in gradients(value, model).items() if gradient.abs().sum() > 0}


def named(model: nn.Module, parameters: list[nn.Parameter]) -> set[str]:
    known = {id(parameter) for parameter in parameters}
    return {name for name, parameter in model.named_parameters() if id(parameter) in known}


def roll(rnn: AttentionRNN, batch: Batch, samples: int, draw: Any) -> Any:
    return rnn(batch.image, batch.boxes, batch.target, samples, draw)


def house_numbers(side: int = 54, channels: int = 1) -> TaskSpec:
    """The task of SVHN: up to five digits and an end, in six steps."""
    names = tuple(f"digit {n}" for n in range(1, 7))
    return TaskSpec("svhn", "real", (channels, side, side), (*"0123456789", "end"), 6, 10, 0.0, names)


def protocol(experiment: str, *overrides: str) -> DictConfig:
    """An experiment on house numbers as its models are built from it. Other data stand in for SVHN, whose files are not
    everywhere: an experiment sets whatever of the data's knobs its models read.
    """
    return config(f"experiment={experiment}", "data=digit_pairs_ordered", *overrides)
