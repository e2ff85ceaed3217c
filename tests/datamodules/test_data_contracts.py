"""Every yaml of conf/data keeps the promises of a data set. A new one is found because its file exists."""

from pathlib import Path

import pytest
import torch
from caption_files import karpathy, official
from dog_folders import write_dogs
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from run_helpers import ROOT

from benchmark.check import data as data_contracts
from benchmark.check.given import Given
from datamodules.base import BaseData
from datamodules.contract import DataFault
from datamodules.digits.mnist_sample import write_mnist_sample
from datamodules.house_numbers.svhn_sample import write_svhn_sample
from datamodules.storage.samples import SampleSettings

CONF = ROOT / "conf"
NAMES = sorted(path.stem for path in (CONF / "data").glob("*.yaml"))
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
    write_svhn_sample(svhn / "files", SampleSettings(train=40, test=40, seed=0))
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


def small(name: str, roots: dict[str, Path]) -> DictConfig:
    config = composed(name)
    if "root" in config.data:
        config.data.root = str(roots[max((known for known in roots if name.startswith(known)), key=len)])
    if "sample" in config.data:
        config.data.sample = {"train": 40, "test": 40, "seed": 0}
    if "short" in config.data:  # photographs, and small ones will do
        config.data.short = config.data.size = 96
    if spoken(config):  # all of its words come up in an epoch
        config.data.images_per_epoch = 2000
    return config


@pytest.fixture(params=NAMES)
def config(request: pytest.FixtureRequest, roots: dict[str, Path]) -> DictConfig:
    return small(request.param, roots)


@pytest.fixture(scope="module", params=NAMES)
def given(request: pytest.FixtureRequest, roots: dict[str, Path]) -> Given:
    return Given(small(request.param, roots), "data", request.param)


@pytest.fixture
def data(config: DictConfig) -> BaseData:
    return instantiate(config.data)


def test_there_are_the_choices_that_are_promised():
    assert {"digit_pairs", "mnist_pairs", "mnist_pairs_ordered", "mnist_addition", "mnist28"} <= set(NAMES)
    assert {"digit_pairs_ordered", "mnist_translated", "mnist_cluttered"} <= set(NAMES)


def test_a_config_is_complete_and_named_like_its_file(config):
    name = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)["data"]["name"]
    assert name in NAMES and composed(name).data.name == name
    assert "#" in (CONF / "data" / f"{name}.yaml").read_text().splitlines()[1]  # says what it is


@pytest.mark.parametrize("contract", data_contracts.CONTRACTS, ids=lambda contract: contract.promise)
def test_a_data_set_keeps_the_contracts_of_data_sets(given, contract):
    assert list(contract.faults(given)) == []


def test_background_is_what_the_spec_says(config, data):
    image, background = data.batch(next(iter(data.tickets("validation"))), CPU).image, data.spec.background
    if "canvas" in config.data:
        assert image.min() == torch.tensor(background)
        assert (image == image.min()).float().mean() > 0.25
    elif "short" in config.data:  # what lies outside has the mean colour of all photographs
        assert background == 0 and (spoken(config) or (image.mean((0, 2, 3)).abs() < 1.5).all())
    elif config.data.name.startswith("svhn"):  # nowhere empty: beyond its edges it goes on with its mean
        assert image.mean((1, 2, 3)).sub(background).abs().max() < 1e-4


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
        "data.overlay._target_=datamodules.digits.overlay.Maximum",
        "data.placement._target_=datamodules.digits.placement.Apart",
    )
    batch = next(instantiate(config.data).batches("train", CPU))
    assert batch.image.shape[-2:] == (60, 60)
    distance_B = (batch.boxes[:, 0] - batch.boxes[:, 1]).abs().amax(-1)
    assert distance_B.min() >= 28
