"""On a GPU, where there is one: the same numbers as on a CPU, and no step that waits for the host."""

import pytest
import torch
from models import ANYWHERE, ATTENTION, DATA
from test_matrix import composed

from benchmark.build import build
from benchmark.model.attention.distribution import mode
from datamodules.contract import Batch
from datamodules.tickets import Ticket

if not torch.cuda.is_available():
    pytest.skip("needs a GPU", allow_module_level=True)


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


@pytest.fixture
def exact(monkeypatch):
    """Convolutions in full single precision, as on a CPU."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


def of(attention, data, root):
    torch.manual_seed(0)
    return build(composed(attention, data, root))


def moved(batch, device):
    return Batch(*(field.to(device) for field in batch))


@pytest.mark.parametrize("data", ["digit_pairs", "svhn_sample", "coco_sample"])
@pytest.mark.parametrize("attention", [name for name in ATTENTION if name not in ANYWHERE])
def test_a_gpu_says_what_a_cpu_says(attention, data, root, exact):
    parts = of(attention, data, root)
    rnn, batch = parts.module.rnn.eval(), next(iter(parts.datamodule.batches("test", torch.device("cpu"))))
    with torch.no_grad():
        expected = rnn(batch.image, batch.boxes, batch.target, 1, mode)
        there = moved(batch, "cuda")
        found = rnn.to("cuda")(there.image, there.boxes, there.target, 1, mode)
    torch.testing.assert_close(found.logits.cpu(), expected.logits, rtol=1e-3, atol=1e-3)


@pytest.mark.filterwarnings("ignore:Synchronization debug mode is a prototype")
@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("attention", ATTENTION)
def test_a_training_step_waits_for_nothing(attention, data, root):
    parts = of(attention, data, root)
    module, device = parts.module.to("cuda"), torch.device("cuda")
    optimizer, _ = module.optimisation.optimizer(module.core, module.policy, module.own_rates, 10)
    batch = next(iter(parts.datamodule.batches("train", device)))

    def step():
        optimizer.zero_grad()
        module.train_step(module.rnn, module.objective, batch)["loss"].backward()
        module.optimisation.clip(module.core, module.policy)
        optimizer.step()

    step()
    torch.cuda.set_sync_debug_mode("error")
    try:
        step()
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("data", [name for name in DATA if "mnist" in name or "digit" in name])
def test_canvases_are_made_without_waiting(data, root):
    datamodule = of("none", data, root).datamodule
    tickets = iter(datamodule.tickets("train"))
    ticket = next(tickets)
    datamodule.batch(ticket, torch.device("cuda"))
    torch.cuda.set_sync_debug_mode("error")
    try:
        datamodule.batch(ticket, torch.device("cuda"))
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_a_data_set_makes_batches_on_two_devices_in_turns(root):
    data = of("none", "digit_pairs", root).datamodule
    for number in range(3):
        for device in ("cuda", "cpu"):
            assert data.batch(Ticket("train", 0, number), torch.device(device)).image.device.type == device
