"""A fault far back in a split is told with its batch, where the first batches are sound."""

import pytest
import pytorch_lightning as pl
import torch
from models import task

from benchmark.training.callbacks.later_batches import LaterBatches, checked
from datamodules.base import BaseData, FixedSplit, Splits
from datamodules.contract import Batch, DataFault

# Lightning 2.6 uses a name that torch 2.13 deprecates
pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")

CPU = torch.device("cpu")
SPEC = task(side=4, symbols=3)
WRONG = {"batch": 2, "image": 1}


class Four(FixedSplit):
    """Four batches of two images; in the third the second image has a label or a pixel of its own."""

    batches = 4

    def __init__(self, label=0, pixel=0.0):
        self._label, self._pixel = label, pixel

    def batch(self, epoch, number, device):
        image, target = torch.zeros(2, 1, 4, 4), torch.zeros(2, 1, dtype=torch.long)
        if number == WRONG["batch"]:
            target[WRONG["image"]], image[WRONG["image"], 0, 3, 3] = self._label, self._pixel
        return Batch(image, target, torch.zeros(2, 0, 4), torch.arange(2) + 2 * number)

    def fingerprint(self):
        return ""


class Data(BaseData):
    spec = SPEC

    def __init__(self, **wrong):
        super().__init__()
        self._held = Splits(*(wrong.get(name, Four()) for name in ("train", "validation", "test")))

    def fetch(self): ...

    def read(self):
        return self._held


class Linear(pl.LightningModule):
    """The smallest that trains. broken: an error of its own in the third step."""

    def __init__(self, broken=False):
        super().__init__()
        self.layer, self.broken = torch.nn.Linear(16, 3), broken

    def training_step(self, batch, batch_idx):
        if self.broken and batch_idx == WRONG["batch"]:
            raise IndexError("its own")
        return torch.nn.functional.cross_entropy(self.layer(batch.image.flatten(1)), batch.target[:, 0])

    def validation_step(self, batch, batch_idx): ...

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fitted(data, module=None, epochs=1):
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "enable_checkpointing": False}
    trainer = pl.Trainer(accelerator="cpu", max_epochs=epochs, num_sanity_val_steps=0, logger=False, **quiet,
                         callbacks=[LaterBatches()])  # fmt: skip
    trainer.fit(module or Linear(), datamodule=data)


def test_a_training_batch_on_which_a_step_fails():
    with pytest.raises(DataFault) as caught:
        fitted(Data(train=Four(label=3)))
    assert str(caught.value).splitlines()[1].strip() == (
        "train, batch 2: target goes from 0 to 3, and spec.symbols has the indices 0 to 2"
    )
    assert isinstance(caught.value.__cause__, IndexError)


def test_an_error_of_the_step_itself_stays_what_it_is():
    with pytest.raises(IndexError, match=r"^its own$"):
        fitted(Data(), Linear(broken=True))


def test_each_batch_of_the_first_validation_and_no_later_one(monkeypatch):
    with pytest.raises(DataFault, match=r"validation, batch 2: image has 1 pixels that are not finite.* image 1 of"):
        fitted(Data(validation=Four(pixel=torch.nan)))
    seen = []
    monkeypatch.setattr("benchmark.training.callbacks.later_batches.refuse_batch", lambda *given: seen.append(given[1]))
    fitted(Data(), epochs=3)
    assert seen == [0, 1, 2, 3]


def test_the_batches_of_a_test_are_given_until_one_is_wrong():
    given = checked(Data(test=Four(label=-1)).batches("test", CPU), "test", SPEC, CPU)
    assert [next(given).index.tolist() for _ in range(2)] == [[0, 1], [2, 3]]
    with pytest.raises(DataFault, match="test, batch 2: target goes from -1 to 0"):
        next(given)
    assert len(list(checked(Data().batches("test", CPU), "test", SPEC, CPU))) == 4
