"""Every yaml of conf/data keeps the promises of a data set. A new one is found because its file exists."""

import math
from pathlib import Path

import pytest
import torch
from caption_files import karpathy, official
from dog_folders import write_dogs
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from datamodules.base import BaseData
from datamodules.contract import IGNORED, DataFault
from datamodules.formats.mnist_sample import write_mnist_sample
from datamodules.formats.samples import Sample
from datamodules.formats.svhn_sample import write_svhn_sample

CONF = Path(__file__).parent.parent / "conf"
NAMES = sorted(path.stem for path in (CONF / "data").glob("*.yaml"))
SPLITS = ("train", "validation", "test")
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mnist")
    write_mnist_sample(folder, train=600, test=300)
    return folder


@pytest.fixture(scope="module")
def roots(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Where the files of a data set are, by the beginning of its name; the longest that fits."""
    svhn = tmp_path_factory.mktemp("svhn")
    write_svhn_sample(svhn / "files", Sample(train=40, test=40, seed=0))
    dogs = write_dogs(tmp_path_factory.mktemp("dogs") / "files", breeds=range(1, 121), train=2, test=1)
    captions = tmp_path_factory.mktemp("captions")
    official(captions / "coco2017", "train", list(range(1, 9)), 2017)
    official(captions / "coco2017", "val", [11, 12], 2017)
    for name, images in (("coco", ""), ("flickr8k", "Flicker8k_Dataset"), ("flickr30k", "flickr30k-images")):
        karpathy(captions / name, ["train", "train", "val", "test"], f"dataset_{name}.json", images)
    told = {name: captions / name for name in ("coco", "coco2017", "flickr8k", "flickr30k", "coco_sample")}
    return {
        "mnist": sample, "svhn": svhn / "files", "svhn_sample": svhn / "sample",
        "stanford_dogs": dogs, "stanford_dogs_sample": dogs.parent / "sample", **told,
    }  # fmt: skip


def spoken(config: DictConfig) -> bool:
    """Whether the task's symbols are the words of a data set's own captions."""
    return "min_count" in config.data


def composed(name: str, *overrides: str) -> DictConfig:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose(overrides=["+metrics=sequence", f"+data={name}", "+seed=3", *overrides])


@pytest.fixture(params=NAMES)
def config(request: pytest.FixtureRequest, roots: dict[str, Path]) -> DictConfig:
    config = composed(request.param)
    if "root" in config.data:
        config.data.root = str(roots[max((name for name in roots if request.param.startswith(name)), key=len)])
    if "sample" in config.data:
        config.data.sample = {"train": 40, "test": 40, "seed": 0}
    if "short" in config.data:  # photographs, and small ones will do
        config.data.short = config.data.size = 96
    return config


@pytest.fixture
def data(config: DictConfig) -> BaseData:
    return instantiate(config.data)


def test_there_are_the_choices_that_are_promised():
    assert {"digit_pairs", "mnist_pairs", "mnist_pairs_ordered", "mnist_addition", "mnist28"} <= set(NAMES)
    assert {"digit_pairs_ordered", "mnist_translated", "mnist_cluttered"} <= set(NAMES)


def test_a_config_is_complete_and_named_like_its_file(config):
    name = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)["data"]["name"]
    assert name in NAMES and composed(name).data.name == name
    assert config.data.seed == 3
    assert set(config.look) >= {"glimpses", "size", "scales", "unit", "symbol_size"}
    assert "#" in (CONF / "data" / f"{name}.yaml").read_text().splitlines()[1]  # says what it is


def test_references_are_there_for_every_image_or_for_none(data):
    for split in SPLITS:
        index = data.batch(next(iter(data.tickets(split))), CPU).index
        references = data.references(split)
        assert not references or all(references[place] for place in index.tolist())


def test_one_batch_of_each_split_is_what_the_spec_says(config, data):
    spec = data.spec
    assert spec.name == config.data.name and spec.origin in ("real", "sample", "synthetic")
    assert max(config.look.size, 1) <= min(spec.image_shape[1:])
    for split in SPLITS:
        batch = data.batch(next(iter(data.tickets(split))), CPU)
        size = len(batch.image)
        assert batch.image.shape == (size, *spec.image_shape) and batch.image.dtype == torch.float32
        assert batch.image.isfinite().all()
        # To train on, a batch goes as far as its own longest sequence.
        longest = batch.target.shape[1] if split == "train" else spec.max_steps
        assert batch.target.shape == (size, longest) and batch.target.dtype == torch.long and longest <= spec.max_steps
        told = batch.target[batch.target != IGNORED]
        assert told.min() >= 0 and told.max() < len(spec.symbols)
        assert batch.boxes.shape == (size, len(spec.box_names), 4) and batch.boxes.dtype == torch.float32
        assert batch.index.tolist() == list(range(size)) or (spoken(config) and split == "train")


def test_boxes_lie_inside_and_hold_ink(data):
    for split in SPLITS if data.spec.box_names else ():
        batch = data.batch(next(iter(data.tickets(split))), CPU)
        height, width = data.spec.image_shape[1:]
        for image, boxes in zip(batch.image, batch.boxes, strict=True):
            assert not data.spec.box_names or [box for box in boxes.tolist() if not math.isnan(box[0])]
            for x0, y0, x1, y1 in boxes[~boxes.isnan().any(1)].int().tolist():
                assert 0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height
                assert image[:, y0:y1, x0:x1].max() > image.min()


def test_background_is_what_the_spec_says(config, data):
    image, background = data.batch(next(iter(data.tickets("validation"))), CPU).image, data.spec.background
    if "canvas" in config.data:
        assert image.min() == torch.tensor(background)
        assert (image == image.min()).float().mean() > 0.25
    elif "short" in config.data:  # what lies outside has the mean colour of all photographs
        assert background == 0 and (spoken(config) or (image.mean((0, 2, 3)).abs() < 1.5).all())
    else:  # a photograph is nowhere empty: beyond its edges it goes on with its mean
        assert image.mean((1, 2, 3)).sub(background).abs().max() < 1e-4


def test_all_symbols_can_occur_and_each_has_a_name_of_its_own(config, data):
    if spoken(config):
        config.data.images_per_epoch = 2000
        data = instantiate(config.data)
    symbols = data.spec.symbols
    assert len(set(symbols)) == len(symbols) and all(symbols)
    split = "train" if spoken(config) else "test"  # words are counted in training captions
    seen = torch.cat([batch.target.flatten() for batch in data.batches(split, CPU)]).unique()
    assert len(seen) >= len(symbols) - 1


def test_the_stream_depends_on_the_seed_and_evaluation_does_not(config, data):
    config.data.seed = 4
    other = instantiate(config.data)
    for split, alike in (("train", False), ("validation", True), ("test", True)):
        ticket = next(iter(data.tickets(split)))
        assert torch.equal(data.batch(ticket, CPU).image, other.batch(ticket, CPU).image) == alike


def test_the_spec_needs_no_file_but_where_words_are_its_symbols(config, tmp_path):
    if "root" in config.data:
        config.data.root = str(tmp_path / "nowhere at all")
    data = instantiate(config.data)
    if spoken(config) and "sample" not in config.data:
        with pytest.raises(DataFault, match=r"nowhere at all: .*missing.*data\.root=FOLDER"):
            data.spec  # noqa: B018
    else:
        assert data.spec.symbols


@pytest.mark.parametrize(
    "name, canvas, classes, steps, boxes",
    [
        ("digit_pairs", 20, 55, 1, 2),
        ("digit_pairs_ordered", 20, 10, 2, 2),
        ("mnist_pairs", 100, 55, 1, 2),
        ("mnist_pairs_ordered", 100, 10, 2, 2),
        ("mnist_addition", 100, 19, 1, 2),
        ("mnist_translated", 60, 10, 1, 1),
        ("mnist_cluttered", 60, 10, 1, 1),
        ("mnist28", 28, 10, 1, 1),
    ],
)
def test_tasks_are_those_of_the_papers(name, canvas, classes, steps, boxes):
    spec = instantiate(composed(name).data).spec
    assert (spec.image_shape, len(spec.symbols), spec.max_steps) == ((1, canvas, canvas), classes, steps)
    assert len(spec.box_names) == boxes and spec.end is None


@pytest.mark.parametrize("name, side", [("svhn", 54), ("svhn110", 110), ("svhn_sample", 54)])
def test_house_numbers_are_read_digit_by_digit_to_their_end(name, side):
    spec = instantiate(composed(name).data).spec
    assert (spec.image_shape, spec.symbols) == ((1, side, side), (*"0123456789", "end"))
    assert (spec.max_steps, spec.end, len(spec.box_names)) == (6, 10, 5)
    assert spec.origin == ("synthetic" if name == "svhn_sample" else "real")


@pytest.mark.parametrize("name, side, breeds, boxes", [
    ("stanford_dogs", 384, 120, 4), ("stanford_dogs_boxed", 384, 120, 4),
    ("stanford_dogs_crop224", 224, 12, 0), ("stanford_dogs_sample", 64, 8, 1),
])  # fmt: skip
def test_dogs_are_one_symbol_of_a_photograph(name, side, breeds, boxes):
    spec = instantiate(composed(name).data).spec
    assert (spec.image_shape, len(spec.symbols), len(spec.box_names)) == ((3, side, side), breeds, boxes)
    assert (spec.max_steps, spec.end) == (1, None)
    assert spec.origin == ("synthetic" if name == "stanford_dogs_sample" else "real")
    assert name == "stanford_dogs_sample" or spec.symbols[2] == "Maltese dog"


def test_knobs_of_the_generator_are_turned_on_the_command_line(sample):
    config = composed(
        "mnist_pairs",
        f"data.root={sample}",
        "data.canvas=60",
        "data.clutter=0",
        "data.overlay._target_=datamodules.overlay.Maximum",
        "data.placement._target_=datamodules.placement.Apart",
    )
    batch = next(instantiate(config.data).batches("train", CPU))
    assert batch.image.shape[-2:] == (60, 60)
    distance_B = (batch.boxes[:, 0] - batch.boxes[:, 1]).abs().amax(-1)
    assert distance_B.min() >= 28
