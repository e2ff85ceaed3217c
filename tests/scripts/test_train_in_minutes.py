"""How many epochs fit into the minutes, and that the sweep which follows is of just so many."""

import sys

import pytest
from omegaconf import OmegaConf
from run_helpers import ROOT, environment, lines

sys.path.insert(0, str(ROOT / "scripts"))
import subprocess

from train_in_minutes import Pace, epochs_within, part_of_an_epoch

from benchmark.common.errors import RunFault
from datamodules.digits.mnist_sample import write_mnist_sample

SCRIPT = str(ROOT / "scripts" / "train_in_minutes.py")
SMALL = [
    "data.batch_size=4", "data.images_per_epoch=80", "data.validation_images=20", "data.test_images=10",
    "data.evaluation_batch_size=10", "trainer.accelerator=cpu", "decoder.hidden_size=8", "evaluation.samples=2",
    "evaluation.repeats=1", "evaluation.sides=[]", "progress=false",
]  # fmt: skip


def test_epochs_fill_the_minutes_but_for_a_twentieth():
    assert epochs_within(720, Pace(epoch=10, besides=60)) == 62  # 684 - 60 seconds
    assert epochs_within(100, Pace(epoch=10, besides=85)) == 1
    with pytest.raises(RunFault, match=r"an epoch takes 10 s and starting and testing 86 s.*do not fit into 100 s"):
        epochs_within(100, Pace(epoch=10, besides=86))


@pytest.mark.parametrize(("batch", "images", "times"), [(64, 40_000, 20.0), (512, 8_192, 16.0)])
def test_a_trial_has_a_batch_at_least_and_knows_how_much_longer_an_epoch_is(batch, images, times):
    sizes = {"batch_size": batch, "images_per_epoch": images, "validation_images": 2_000}
    short, longer = part_of_an_epoch(OmegaConf.create({"data": sizes}))
    assert longer == times and short[0] == f"data.images_per_epoch={round(images / times)}"


def test_what_does_not_exist_is_told_without_a_traceback(tmp_path):
    done = subprocess.run([sys.executable, SCRIPT, "reach_nothing"], cwd=tmp_path, env=environment(), text=True,
                          capture_output=True, timeout=200)  # fmt: skip
    assert done.returncode == 2 and "reach_nothing" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_trial_decides_how_long_the_sweep_is(tmp_path):
    write_mnist_sample(tmp_path / "mnist", train=240, test=60)
    told = [SCRIPT, "--minutes", "0.75", "--seeds", "2", "--study", "short", "reach_ram", "data.root=mnist", *SMALL]
    done = subprocess.run([sys.executable, *told], cwd=tmp_path, env=environment(), text=True, capture_output=True,
                          timeout=400)  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    epochs = int(done.stdout.split(" epochs.\n")[0].rpartition(" ")[2])
    for seed in (0, 1):
        (folder,) = (tmp_path / "runs/short").glob(f"*/*/seed={seed}*")
        assert max(line["epoch"] for line in lines(folder / "metrics.jsonl")) == epochs - 1
    assert (tmp_path / "runs/short/report/index.html").exists()
