"""Training canvases are an endless stream that any run can be put back into; those to evaluate on never change."""

from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint

from datamodules.base import Ticket, Tickets, derived_seed
from datamodules.contract import Batch
from datamodules.digits.digit_canvases import DigitCanvases
from datamodules.digits.labels import ReadingOrder, SingleDigit, UnorderedPair
from datamodules.digits.overlay import ClippedSum
from datamodules.digits.placement import Anywhere, CloseInTraining
from datamodules.digits.sources import ScikitDigits

CPU = torch.device("cpu")
KNOBS = dict(
    name="pairs",
    origin="real",
    seed=0,
    split_seed=5,
    canvas=20,
    clutter=2,
    clutter_size=4,
    batch_size=4,
    images_per_epoch=18,
    evaluation_batch_size=8,
    validation_images=20,
    test_images=12,
    mean=0.3,
    std=0.4,
)


def canvases(**changed: object) -> DigitCanvases:
    parts = dict(
        source=ScikitDigits(validation=2, test=3, split_seed=1),
        labels=UnorderedPair(),
        overlay=ClippedSum(),
        placement=Anywhere(),
    )
    return DigitCanvases(**(KNOBS | parts | changed))


def same(one: Batch, other: Batch) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_batch_is_a_function_of_seed_epoch_and_number():
    data, twin, other = canvases(), canvases(), canvases(seed=1)
    batch = data.batch(Ticket("train", 3, 2), CPU)
    torch.manual_seed(99)
    twin.batch(Ticket("train", 0, 0), CPU)
    assert same(batch, twin.batch(Ticket("train", 3, 2), CPU))
    for changed in (Ticket("train", 3, 1), Ticket("train", 2, 2)):
        assert not torch.equal(batch.image, data.batch(changed, CPU).image)
    assert not torch.equal(batch.image, other.batch(Ticket("train", 3, 2), CPU).image)


def test_a_placement_for_training_leaves_validation_and_test_as_they_are():
    data, plain = canvases(placement=CloseInTraining(1.0, 0.25)), canvases()
    for split in ("validation", "test"):
        assert same(data.batch(Ticket(split, 0, 0), CPU), plain.batch(Ticket(split, 0, 0), CPU))
    boxes_BN4 = torch.cat([data.batch(Ticket("train", 0, number), CPU).boxes for number in range(5)])
    assert (boxes_BN4[:, 0] - boxes_BN4[:, 1]).abs().max() <= 2  # a quarter of 8 px


def test_batches_drawn_together_come_in_any_order_and_none_twice():
    data, twin = canvases(images_per_epoch=160), canvases(images_per_epoch=160)  # 40 batches: two blocks and a half
    in_order = [data.batch(Ticket("train", 1, number), CPU) for number in range(40)]
    backwards = [twin.batch(Ticket("train", 1, number), CPU) for number in reversed(range(40))]
    assert all(same(one, other) for one, other in zip(in_order, reversed(backwards), strict=True))
    images = torch.cat([batch.image for batch in in_order]).flatten(1)
    assert len(images.unique(dim=0)) == 160
    assert torch.cat([batch.index for batch in in_order]).tolist() == list(range(160, 320))


def test_making_batches_leaves_the_global_generator_alone():
    torch.manual_seed(7)
    state = torch.get_rng_state()
    data = canvases()
    for split in ("train", "validation", "test"):
        list(data.batches(split, CPU))
    data.fingerprints()
    assert torch.equal(torch.get_rng_state(), state)


def test_an_epoch_is_rounded_up_to_whole_batches_and_its_images_are_numbered_on():
    data = canvases()
    assert len(data.train_dataloader()) == 5  # 18 images in batches of 4
    assert torch.cat([batch.index for batch in data.batches("train", CPU)]).tolist() == list(range(20))
    assert data.batch(Ticket("train", 2, 1), CPU).index.tolist() == [44, 45, 46, 47]


def test_evaluation_is_the_same_for_every_run_whatever_its_seed_and_batch_size():
    data, other = canvases(), canvases(seed=9, evaluation_batch_size=7, batch_size=3)
    assert data.fingerprints() == other.fingerprints()
    for split, images in (("validation", 20), ("test", 12)):
        ours, theirs = (
            [torch.cat(field) for field in zip(*each.batches(split, CPU), strict=True)] for each in (data, other)
        )
        assert len(ours[0]) == images and ours[3].tolist() == list(range(images))
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_fingerprints_tell_splits_and_settings_apart():
    prints = [canvases(**changed).fingerprints() for changed in ({}, {"split_seed": 6}, {"clutter": 3})]
    assert (
        len({value for each in prints for value in each.values()}) == 3 + 3 + 1
    )  # they are painted of the same digits
    assert all(len(value) == 64 for each in prints for value in each.values())


def test_validation_and_test_are_laid_out_differently():
    validated, tested = (canvases().batch(Ticket(split, 0, 0), CPU).boxes for split in ("validation", "test"))
    assert not torch.equal(validated, tested)


def test_the_fingerprint_is_of_what_a_model_sees():
    from hashlib import sha256

    data = canvases(mean=0.0, std=1.0)
    image, target, _, _ = (torch.cat(field) for field in zip(*data.batches("test", CPU), strict=True))
    canvas = (image * 255).round().to(torch.uint8)
    assert data.fingerprints()["test"] == sha256(canvas.numpy().tobytes() + target.numpy().tobytes()).hexdigest()


def test_digits_and_clutter_of_a_split_come_from_its_own_digits():
    data = canvases(clutter=8)
    stocks = {name: getattr(data.splits(), name)._renderer._stock.whole for name in ("train", "validation", "test")}
    assert [len(stock) for stock in stocks.values()] == [1156, 251, 390]
    everything = ScikitDigits(validation=2, test=3, split_seed=1).read()
    assert all(torch.equal(stocks[name], getattr(everything, name).image) for name in stocks)


def dealt(data: DigitCanvases, split: str) -> torch.Tensor:
    return getattr(data.splits(), split)._layout.digit


@pytest.mark.parametrize("labels, each", [(SingleDigit(), 1), (UnorderedPair(), 2), (ReadingOrder(3), 3)])
def test_evaluation_deals_digits_without_replacement_pass_after_pass(labels, each):
    data = canvases(labels=labels, canvas=40, test_images=1000, validation_images=130)
    for split, images, stock in (("test", 1000, 390), ("validation", 130, 251)):
        digit_BK = dealt(data, split)
        used_N = torch.bincount(digit_BK.flatten(), minlength=stock)
        assert digit_BK.shape == (images, each) and len(used_N) == stock
        assert used_N.max() - used_N.min() <= 1
        assert all(len(set(row)) == each for row in digit_BK.tolist())
    one = canvases(labels=SingleDigit(), test_images=390)
    assert sorted(dealt(one, "test").flatten().tolist()) == list(range(390))


def test_an_image_s_sources_are_the_digits_on_it():
    data = canvases(labels=ReadingOrder(2), test_images=30)
    index = torch.tensor([4, 0, 29])
    sources = data.sources("test", index)
    label = data._source.read().test.label
    batches = [batch.target for batch in data.batches("test", CPU)]
    assert sources.dtype == torch.long and torch.equal(label[sources], torch.cat(batches)[index])
    assert data.sources("train", index).tolist() == [[4], [0], [29]]  # of what is drawn anew each is its own


def test_seeds_are_the_same_on_every_machine():
    assert derived_seed("train", 0, 1, 2) == derived_seed("train", "0", 1, 2) != derived_seed("train", 0, 2, 1)
    assert derived_seed("test", 1234) == 0x1A4D5DD11AD16E1B


def test_tickets_go_on_after_the_last_one_given():
    tickets = Tickets("train", 4)
    tickets.sampler.set_epoch(6)
    walk = iter(tickets)
    assert [next(walk), next(walk)] == [Ticket("train", 6, 0), Ticket("train", 6, 1)]
    other = Tickets("train", 4)
    other.load_state_dict(tickets.state_dict())
    assert [ticket.number for ticket in other] == [2, 3]
    assert [ticket.number for ticket in other] == [0, 1, 2, 3]
    other.load_state_dict(other.state_dict())
    assert [ticket.number for ticket in other] == [0, 1, 2, 3]


class Recorder(pl.LightningModule):
    """Trains one number, and keeps what it was shown."""

    def __init__(self, stop_at: int = -1) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.stop_at, self.shown = stop_at, []

    def training_step(self, batch: Batch, number: int) -> torch.Tensor:
        if self.global_step == self.stop_at:
            raise KeyError("killed")
        self.shown.append((self.current_epoch, number, batch.index.tolist(), batch.image.sum().item()))
        return ((batch.image * self.weight - 1) ** 2).mean()

    def validation_step(self, batch: Batch, number: int) -> None:
        self.log("val/sum", batch.image.sum(), batch_size=len(batch.image))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def train(folder: Path, module: Recorder, **more: object) -> Recorder:
    keep = ModelCheckpoint(folder, every_n_train_steps=1, save_top_k=-1, filename="{step}")
    trainer = pl.Trainer(
        max_epochs=3, accelerator="cpu", logger=False, callbacks=[keep], enable_progress_bar=False,
        enable_model_summary=False, num_sanity_val_steps=0,
    )  # fmt: skip
    trainer.fit(module, canvases(), **more)
    return module


@pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")  # Lightning 2.6 uses a name that torch 2.13 deprecates
@pytest.mark.filterwarnings("ignore:Checkpoint directory .* exists and is not empty")
@pytest.mark.parametrize("killed_at", [3, 5, 7, 10])  # within an epoch, and at the end of one; 5 batches an epoch
def test_a_resumed_run_sees_the_batches_it_would_have_seen(tmp_path, killed_at):
    straight = train(tmp_path / "straight", Recorder())
    assert len(straight.shown) == 15 and len({image for *_, image in straight.shown}) == 15
    broken = Recorder(stop_at=killed_at)
    with pytest.raises(KeyError, match="killed"):
        train(tmp_path / "broken", broken)
    resumed = train(tmp_path / "broken", Recorder(), ckpt_path=tmp_path / "broken" / f"step={killed_at}.ckpt")
    assert broken.shown + resumed.shown == straight.shown
    assert torch.equal(resumed.weight, straight.weight)
