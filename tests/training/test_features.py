"""A frozen encoder's features, kept: the same numbers as without, and the encoder is asked once for each image."""

from hashlib import sha256

import pytest
import pytorch_lightning as pl
import torch
from models import built, config
from omegaconf import OmegaConf
from torch import Tensor

from benchmark.build import build_module, make
from benchmark.common.errors import ConfigFault
from benchmark.evaluation.cost import inference_speed
from benchmark.evaluation.evaluate import evaluate
from benchmark.model.attention.distribution import mode
from benchmark.model.encoder.tuning.base import Tuned
from benchmark.model.encoder.wrappers import Resized
from benchmark.training.callbacks.builtin import EpochSeed
from benchmark.training.features.cached import CachedFeatures, FeatureCaching
from benchmark.training.features.live import NoFeatureCaching
from datamodules.base import BaseData, FixedSplit, RepeatingSplit, Splits, derived_seed
from datamodules.contract import NO_KEY, Batch, DataFault, ImageKey, TaskSpec
from datamodules.storage.feature_store import FeatureStore

CPU = torch.device("cpu")
ENCODER = ("encoder=residual_map", "encoder/tuning=frozen", "encoder.body.widths=[4,8]", "decoder.hidden_size=8")
SPEC = TaskSpec("toy", "synthetic", (1, 12, 12), tuple("abc"), 1, None, 0.0, ())


def batch_of(images, place_B):
    image, target = images
    return Batch(image[place_B], target[place_B], torch.zeros(len(place_B), 0, 4), place_B)


class Rows(FixedSplit):
    def __init__(self, images, size):
        self.images, self.size = images, size

    @property
    def batches(self):
        return -(-len(self.images[0]) // self.size)

    def batch(self, epoch, number, device):
        places = torch.arange(number * self.size, min((number + 1) * self.size, len(self.images[0])))
        return batch_of(self.images, places)

    def fingerprint(self):
        return sha256(self.images[0].numpy().tobytes()).hexdigest()


class Shuffled(RepeatingSplit):
    """Ten images in batches of four: each epoch an order of its own, the last batch a short one."""

    def __init__(self, rows):
        self.rows, self.batches = rows, 3

    batches = 3

    def _index(self, epoch, number):
        generator = torch.Generator().manual_seed(derived_seed(epoch))
        return torch.randperm(10, generator=generator)[4 * number : 4 * number + 4]

    def batch(self, epoch, number, device):
        return batch_of(self.rows.images, self._index(epoch, number))

    def each(self):
        return self.rows


class Toy(BaseData):
    def __init__(self, shift=0.0):
        super().__init__()
        self.shift = shift

    spec = SPEC

    def fetch(self): ...

    def read(self):
        generator = torch.Generator().manual_seed(0)
        parts = []
        for count, size in ((10, 5), (6, 4), (7, 3)):
            image = torch.randn(count, *SPEC.image_shape, generator=generator) + self.shift
            parts.append(Rows((image, torch.randint(3, (count, 1), generator=generator)), size))
        return Splits(Shuffled(parts[0]), *parts[1:])


def module_of(attention="item_soft", *overrides, seed=0):
    cfg = config(f"attention={attention}", *ENCODER, *overrides)
    torch.manual_seed(seed)
    return build_module(cfg, SPEC, Toy().references)


def asked_of(module):
    """The batches that encoders compute from now on."""
    training_targets: list[Tensor] = []
    for part in module.modules():
        if isinstance(part, Tuned):
            part.body.register_forward_pre_hook(lambda _, given: training_targets.append(given[0]))
    return training_targets


def store(folder, dtype="float32"):
    return FeatureCaching(FeatureStore(str(folder), dtype))


def fitted(module, data, features, folder, epochs=2):
    trainer = pl.Trainer(max_epochs=epochs, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False,
                         enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0,
                         callbacks=[EpochSeed(0), features], default_root_dir=folder)  # fmt: skip
    trainer.fit(module, datamodule=data)
    return module


def weights(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


@pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")  # Lightning 2.6 uses a name that torch 2.13 deprecates
@pytest.mark.filterwarnings("ignore:Found .* in eval mode at the start of training")  # as a frozen encoder has to be
@pytest.mark.parametrize("attention", ["item_soft", "item_hard", "none"])
def test_a_run_is_the_same_to_the_last_bit_with_and_without(attention, tmp_path):
    live, data = module_of(attention), Toy()
    fitted(live, data, make(config("attention=none").features), tmp_path)
    kept = module_of(attention)
    training_targets, other = asked_of(kept), Toy()
    fitted(kept, other, store(tmp_path / "features"), tmp_path)
    assert [len(image) for image in training_targets] == [
        4,
        5,
        5,
        4,
        2,
        3,
        3,
        1,
    ]  # what a first look shows; then each image once
    assert all(torch.equal(value, weights(kept)[name]) for name, value in weights(live).items())
    found = [
        evaluate(part.rnn, of.batches("test", CPU), live.measure, 2, 0) for part, of in ((live, data), (kept, other))
    ]
    assert found[0].test == found[1].test and found[0].localisation == found[1].localisation
    # The test split's features are there; of images with a part covered they cannot be, three batches twice.
    assert len(training_targets) == 8 + (0 if attention == "none" else 6)
    again = module_of(attention)
    training_targets = asked_of(again)
    fitted(again, Toy(), store(tmp_path / "features"), tmp_path)
    assert [len(image) for image in training_targets] == [4]
    assert all(torch.equal(value, weights(live)[name]) for name, value in weights(again).items())


def prepared(module, folder, data=None, dtype="float32"):
    data = data or Toy()
    store(folder, dtype).prepare(module.rnn, data, CPU)
    return data


def test_every_batch_of_every_split_gets_its_own_rows_in_training_too(tmp_path):
    module = module_of()
    encoder = module.rnn.attention.encoder
    data = prepared(module, tmp_path)
    training_targets = asked_of(module)
    module.train()
    for split in ("train", "validation", "test"):
        for epoch in range(2 if split == "train" else 1):
            for ticket in data.tickets(split):
                batch = data.batch(ticket._replace(epoch=epoch), CPU)
                found = encoder.encode(batch.image, ImageKey(split, batch.index))
                assert torch.equal(found, encoder.body(batch.image))
    assert len(training_targets) == 3 * 2 + 2 + 3  # those of the comparison


def test_images_without_a_key_are_computed_and_those_with_one_looked_up(tmp_path):
    module = module_of()
    encoder, data = module.rnn.attention.encoder, prepared(module, tmp_path)
    training_targets = asked_of(module)
    image, _, _, index = next(data.batches("test", CPU))
    assert torch.equal(encoder.encode(image + 1, NO_KEY), encoder.body(image + 1))
    assert torch.equal(encoder(image), encoder.body(image))
    assert len(training_targets) == 4
    part = encoder.encode(image[:2].clone(), ImageKey("test", index[:2]))  # any tensor of them, and any part of a batch
    assert len(training_targets) == 4 and torch.equal(part, encoder.body(image)[:2])
    inference_speed(module.rnn, next(data.batches("test", CPU)), 2)
    assert len(training_targets) == 5 + 3  # what is timed is the whole model


def test_half_precision_is_near(tmp_path):
    module = module_of()
    data = prepared(module, tmp_path, dtype="float16")
    encoder = module.rnn.attention.encoder
    image, _, _, index = next(data.batches("test", CPU))
    found = encoder.encode(image, ImageKey("test", index))
    assert 0 < (found - encoder.body(image)).abs().max() < 1e-2 and found.dtype == torch.float32


@pytest.mark.parametrize("change", [
    lambda folder: prepared(module_of(seed=1), folder),
    lambda folder: prepared(module_of("item_soft", "encoder.body.stride=1"), folder),
    lambda folder: prepared(module_of(), folder, Toy(shift=1.0)),
    lambda folder: prepared(module_of(), folder, dtype="float16"),
], ids=["weights", "layer", "images", "type"])  # fmt: skip
def test_features_of_anything_else_are_others(change, tmp_path):
    prepared(module_of(), tmp_path)
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 3
    change(tmp_path)
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 6


def test_of_two_passes_the_first_looks_whole_images_up_and_the_second_computes_its_crops(tmp_path):
    module = module_of("item_soft", "passes=focus", "passes.size=12", "encoder.body.stride=2")
    live = module_of("item_soft", "passes=focus", "passes.size=12", "encoder.body.stride=2")
    data = prepared(module, tmp_path)
    training_targets = asked_of(module)
    image, _, boxes, index = next(data.batches("test", CPU))
    with torch.no_grad():
        found = module.rnn.eval()(image, boxes, None, 1, mode, ImageKey("test", index))
        expected = live.rnn.eval()(image, boxes, None, 1, mode)
    assert torch.equal(found.logits, expected.logits) and torch.equal(found.where, expected.where)
    assert len(training_targets) == 1 and not torch.equal(training_targets[0], image)


def test_a_frozen_encoder_of_resized_images_is_cached_for_each_size(tmp_path):
    whole = {"_target_": "benchmark.model.encoder.wrappers.Resized", "_partial_": True, "side": 8}
    found = []
    for side in (8, 16):
        cfg = config("attention=item_soft", *ENCODER)
        cfg.encoder = {**whole, "body": cfg.encoder, "side": side}
        torch.manual_seed(0)
        module = build_module(cfg, SPEC, Toy().references)
        data, encoder = prepared(module, tmp_path), module.rnn.attention.encoder
        assert isinstance(encoder, Resized)
        batch = next(data.batches("test", CPU))
        rows = encoder.encode(batch.image + 1, ImageKey("test", batch.index))  # looked up by the key
        assert torch.equal(rows, encoder(batch.image))
        found.append(rows)
    assert not torch.equal(*found)  # the cache of one size is not taken for the other


@pytest.mark.parametrize("attention, overrides, told", [
    ("item_soft", ["encoder/tuning=trained"], "the encoder is trained, so its features change"),
    ("item_soft", ["encoder/tuning=from_epoch"], "encoder/tuning=frozen"),
    ("centre", ["encoder.body.stride=8", "look.size=8"], "never a whole image, so that there is nothing to cache"),
])  # fmt: skip
def test_an_encoder_that_learns_or_never_sees_an_image_is_refused(attention, overrides, told, tmp_path):
    with pytest.raises(ConfigFault, match=told):
        prepared(module_of(attention, *overrides), tmp_path)
    assert not list(tmp_path.iterdir())


def test_images_that_are_drawn_anew_are_refused(tmp_path):
    parts = built("item_soft", *ENCODER)
    with pytest.raises(DataFault, match="data=digit_pairs draws its training images anew"):
        prepared(parts.module, tmp_path, parts.datamodule)


def test_nobody_has_to_ask_for_it(tmp_path):
    assert isinstance(make(config("attention=none").features), NoFeatureCaching)
    cfg = config("attention=none", "features=cached")
    assert OmegaConf.select(cfg, "features.store.folder") == "data/cache/features"
    svhn = config("attention=none", "features=cached", "data=svhn", "data.root=elsewhere")
    assert svhn.features.store.folder == "elsewhere/cache/features"
    module = module_of()
    data = prepared(module, tmp_path)
    with torch.no_grad():
        rollout = module.rnn(*next(data.batches("test", CPU))[::2], None, 1, mode)
    assert rollout.logits.isfinite().all() and isinstance(module.rnn.attention.encoder.source, CachedFeatures)
