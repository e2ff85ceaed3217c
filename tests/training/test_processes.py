"""Several processes of a run: the same random numbers, losses, gradients and records as one process."""

import os
import re

import pytest
import torch
from run_helpers import TINY, composer, lines
from torch.nn.functional import dropout

from benchmark import companions
from benchmark.common.errors import ConfigFault, RunFault
from benchmark.config.check import config_faults
from benchmark.config.compose import plain, written
from benchmark.job import run_one
from benchmark.process.ranks import Ranks, environment_with, given_ranks, variables
from benchmark.process.signals_and_log import Stopped
from benchmark.results.run_folder import RunFolder, read_json
from benchmark.sweep.planning import building_faults
from benchmark.sweep.remote import slurm_ranks
from benchmark.training.callbacks.builtin import EpochSeed
from benchmark.training.processes import together
from benchmark.training.processes.row_draws import RowDraws

COMPOSER = composer()
IMAGES = 7
PARTS = (slice(0, 3), slice(3, 7))


def drawn(make, part):
    """What `make` draws for some of the images, from the same seed."""
    torch.manual_seed(3)
    with RowDraws(IMAGES, part):
        return make(part.stop - part.start)


DRAWS = {
    "rand": lambda n: torch.rand(n, 2),
    "randint": lambda n: torch.randint(9, (2 * n,)),
    "rand_like": lambda n: torch.rand_like(torch.ones(n, 5)),
    "randn_like": lambda n: torch.randn_like(torch.ones(3 * n, 20)),
    "exponential": lambda n: torch.empty(n, 6).exponential_(),
    "channels last": lambda n: dropout(torch.ones(n, 2, 3, 4).to(memory_format=torch.channels_last), 0.5),
    "dropout": lambda n: dropout(torch.ones(n, 30), 0.3),
    "one kernel": lambda n: torch.native_dropout(torch.ones(n, 30), 0.3, True)[0],
    "twice": lambda n: torch.rand(n) + torch.rand(n),
}


@pytest.mark.parametrize("name", DRAWS)
def test_the_rows_of_all_processes_are_those_that_one_draws(name):
    make = DRAWS[name]
    torch.manual_seed(3)
    whole = make(IMAGES)
    parts = [drawn(make, part) for part in PARTS]
    assert torch.equal(torch.cat(parts), whole)
    assert parts[0].unique().numel() > 1


def test_what_has_no_rows_is_the_same_in_all_processes_and_generators_stay_equal():
    def make(n):
        return torch.rand(1), torch.rand(n), torch.rand(1)

    first, second = drawn(make, PARTS[0]), drawn(make, PARTS[1])
    assert torch.equal(first[0], second[0]) and torch.equal(first[2], second[2])


def test_a_draw_that_depends_on_each_image_is_refused():
    with pytest.raises(RunFault, match="cannot share the random numbers of aten::multinomial"):
        drawn(lambda n: torch.multinomial(torch.ones(n, 3), 1), PARTS[0])


def test_rows_are_gathered_in_the_order_of_images_and_their_gradient_is_that_of_the_sum(monkeypatch):
    whole = torch.arange(2.0 * IMAGES * 3).view(2 * IMAGES, 3)  # two blocks, as of two passes
    parts = [whole.unflatten(0, (2, IMAGES))[:, part].flatten(0, 1) for part in PARTS]

    def all_gather(into, mine):
        for place, part in zip(into, parts, strict=True):
            rows = part.unflatten(0, (2, -1)).movedim(0, 1)
            place.zero_()[: len(rows)] = rows

    monkeypatch.setattr(together.dist, "all_gather", all_gather)
    for own, part in zip(parts, PARTS, strict=True):
        leaf = own.clone().requires_grad_()
        found = together.gathered(leaf, [3, 4], part)
        assert torch.equal(found, whole)
        (found * whole).sum().backward()
        assert torch.equal(leaf.grad, 2 * own)  # DDP takes the mean over the two processes
    assert together.gathered(torch.zeros(6, 2, 0), [3, 4], PARTS[0]).shape == (14, 2, 0)


def one_run(runs, *overrides):
    config = COMPOSER.job(["attention=dram", *TINY, "data.batch_size=7", "trainer.limit_train_batches=3",
                           "baseline=state", f"runs={runs}", *overrides])  # fmt: skip
    address = COMPOSER.address(config)
    folder = RunFolder(address.folder)
    return folder, lambda: run_one(config, address)


@pytest.mark.timeout(300)
def test_two_processes_have_the_record_of_one_also_where_they_resume(tmp_path, monkeypatch):
    """Hard attention with a learned baseline, whose loss is a mean over glimpses, on batches that are not halved."""
    alone, run = one_run(tmp_path)
    run()
    both, run = one_run(tmp_path, "trainer.devices=2")
    with monkeypatch.context() as patch:
        patch.setattr(EpochSeed, "on_train_epoch_start", stop_in_the_second)
        with pytest.raises(Stopped):
            run()
    assert both.last.exists() and not both.record.exists()
    run()
    ours, theirs = (lines(folder.metrics) for folder in (both, alone))
    assert len(ours) == len(theirs) == 2 * (3 + 1)
    for mine, other in zip(ours, theirs, strict=True):
        numbers = {key: value for key, value in other.items() if isinstance(value, float)}
        assert {key: mine[key] for key in numbers} == pytest.approx(numbers, abs=2e-6)
    mine, other = (read_json(folder.record) for folder in (both, alone))
    assert mine["test"]["mean"] == other["test"]["mean"]  # shares of images
    assert mine["validation"] == pytest.approx(other["validation"], abs=1e-6)
    assert mine["cost"]["steps"] == other["cost"]["steps"] == 6


OF_AN_EPOCH = EpochSeed.on_train_epoch_start


def stop_in_the_second(self, trainer, pl_module):
    if trainer.current_epoch == 1:
        raise Stopped(15)
    OF_AN_EPOCH(self, trainer, pl_module)


def test_a_process_that_ends_is_told_with_what_it_said(tmp_path, monkeypatch):
    monkeypatch.setattr(companions, "PATIENCE_SECONDS", 60.0)
    lost = companions.started(variables(1, 2, 1), tmp_path)  # a folder without a config.yaml
    told = companions.ended_early([lost])
    companions.stop([lost], 0.0)
    assert re.match(r"process 1 of the run has ended \(exit code 1\): .*config\.yaml", told)


def faults(*overrides):
    config = COMPOSER.job(["attention=none", *TINY, *overrides])
    return config_faults(plain(config), written(config)) or building_faults(config, False)


@pytest.mark.parametrize("overrides, words", [
    (["trainer.devices=auto"], "has to be a number of processes"),
    (["trainer.devices=0"], "has to be a number of processes"),
    (["trainer.devices=3"], "data.batch_size=4 is fewer than two images for each of 3 processes"),
    (["trainer.devices=2", "encoder=residual"], "batch normalisation would use the statistics of each process's share"),
    (["trainer.devices=2", "training_step=self_critical"], "SelfCritical does not share a batch"),
    (["trainer.devices=2", "encoder=residual_map", "encoder/tuning=from_epoch", "encoder.tuning.epoch=2"],
     "an encoder that is trained later"),
    (["trainer.devices=2", "context=another_image"], "the context of an image comes from another one of the batch"),
    (["trainer.devices=2", "objective=bound"], "the trajectories of objective Bound are not shared"),
])  # fmt: skip
def test_what_cannot_be_shared_is_refused_before_the_run(overrides, words):
    assert words in " ".join(map(str, faults(*overrides)))


def test_the_environment_names_the_process():
    assert given_ranks({}) == Ranks(0, 1) == given_ranks({"WORLD_SIZE": "many"})
    assert given_ranks(variables(1, 2, 9)) == Ranks(1, 2)
    assert slurm_ranks({"SLURM_PROCID": "1", "SLURM_JOB_ID": "7"}, 1) == {}
    told = slurm_ranks({"SLURM_PROCID": "1", "SLURM_JOB_ID": "7"}, 2)
    assert given_ranks(told) == Ranks(1, 2) and told["MASTER_PORT"] == "20007"
    with environment_with({"RANK": "5"}):
        pass
    assert "RANK" not in os.environ


def test_another_number_of_processes_than_the_run_has_is_refused():
    companions.refuse_other_numbers(2, Ranks(0, 1))
    companions.refuse_other_numbers(2, Ranks(1, 2))
    with pytest.raises(ConfigFault, match="4 processes were started for this run"):
        companions.refuse_other_numbers(2, Ranks(0, 4))
