"""A run in several processes of one machine (data parallel training).

Each process makes the whole batch and computes the rollouts of its own images. The rollouts are then gathered, so that
every process has the loss of the whole batch, whatever an objective averages over, and the same random numbers as one
process would draw. What differs from one process is the order in which floats are added.

Axes: B images of the batch, K blocks of rows (a model of several passes has more than one), L own images.
"""

import warnings
from itertools import pairwise
from typing import Any, final

import torch
import torch.distributed as dist
from pytorch_lightning.strategies import DDPStrategy
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from benchmark.common.errors import ConfigFault
from benchmark.model.attention.distribution import Draw
from benchmark.model.context.base import Context
from benchmark.model.decoding.rollout import Rollout
from benchmark.model.encoder.tuning.base import Tuned
from benchmark.model.loop import SequenceModel
from benchmark.process.ranks import Ranks
from benchmark.training.module import AttentionModule
from benchmark.training.processes.base import Processes
from benchmark.training.processes.row_draws import RowDraws
from datamodules.contract import NO_KEY, ImageKey

FEWEST = 2
"""Images of a process; a smaller batch is computed by all processes. With one image a random tensor of one row could be
of one image or of the whole batch.
"""


@final
class Together(Processes):
    """Several processes, which have joined a group of torch.distributed."""

    def __init__(self, ranks: Ranks):
        self._ranks = ranks

    def shared(self, rnn: SequenceModel) -> SequenceModel:
        return SharedRollouts(rnn, self._ranks)

    def trainer_arguments(self) -> dict[str, Any]:
        # Every process validates all images, so Lightning's advice to average over processes does not apply.
        warnings.filterwarnings("ignore", message="It is recommended to use `self.log")
        # A policy that waits has parameters without a gradient, of which DDP has to be told.
        return {"strategy": DDPStrategy(find_unused_parameters=True), "use_distributed_sampler": False}

    def same(self, value: bool) -> bool:
        values = [value]
        dist.broadcast_object_list(values, src=0)
        return values[0]


@final
class SharedRollouts(SequenceModel):
    """A model that computes the rollouts of its process's images and gathers those of all."""

    def __init__(self, rnn: SequenceModel, ranks: Ranks):
        super().__init__()
        self.rnn, self.ranks = rnn, ranks
        self.attention, self.end, self.query_size = rnn.attention, rnn.end, rnn.query_size
        self.symbols = rnn.symbols

    def forward(
        self, image: Tensor, boxes: Tensor, target: Tensor | None, samples: int, draw: Draw, key: ImageKey = NO_KEY
    ) -> Rollout:
        images, (rank, processes) = len(image), self.ranks
        if images < FEWEST * processes:
            return self.rnn(image, boxes, target, samples, draw, key)
        ends = [images * place // processes for place in range(processes + 1)]
        own = slice(ends[rank], ends[rank + 1])
        with RowDraws(images, own):
            rollout = self.rnn(
                image[own], boxes[own], None if target is None else target[own], samples, draw,
                ImageKey(key.split, key.index[own]),
            )  # fmt: skip
        sizes = [after - before for before, after in pairwise(ends)]
        return Rollout(*(gathered(part, sizes, own) for part in rollout))

    def training_targets(self, target_BT: Tensor) -> Tensor:
        return self.rnn.training_targets(target_BT)

    def policy_parameters(self) -> list[torch.nn.Parameter]:
        return self.rnn.policy_parameters()


def gathered(own: Tensor, sizes: list[int], rows: slice) -> Tensor:
    """(K * B, ...) the rows of all processes from the (K * L, ...) own ones. sizes: the images of each process."""
    images = rows.stop - rows.start
    own_LK = own.unflatten(0, (-1, images)).movedim(0, 1)
    if own.numel() == 0:  # nothing to send: probabilities of a mechanism without items
        return own.new_zeros(len(own_LK[0]) * sum(sizes), *own.shape[1:])
    all_BK: Tensor = _Gathered.apply(own_LK, sizes, rows)
    return all_BK.movedim(1, 0).flatten(0, 1)


@final
class _Gathered(torch.autograd.Function):
    """Gathers rows. Every process has the same loss of all rows, so the gradient of its own needs no communication; DDP
    then takes the mean over processes of what has to be their sum.
    """

    @staticmethod
    def forward(ctx: Any, own: Tensor, sizes: list[int], rows: slice) -> Tensor:
        ctx.rows, ctx.processes = rows, len(sizes)
        padded = own.new_zeros(max(sizes), *own.shape[1:])
        padded[: len(own)] = own
        parts = [torch.empty_like(padded) for _ in sizes]
        dist.all_gather(parts, padded)
        return torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        return gradient[ctx.rows] * ctx.processes, None, None


def refuse_sharing(module: AttentionModule) -> None:
    """Raises ConfigFault where the processes of a run could not share a batch and compute what one process does."""
    faults = []
    if not module.train_step.shares_batches:
        faults.append(
            f"trainer.devices: the training step {type(module.train_step).__name__} does not share a batch between "
            "processes. Use trainer.devices=1"
        )
    if not module.objective.trajectories.shares_batches:
        faults.append(
            f"trainer.devices: the trajectories of objective {type(module.objective).__name__} are not shared between "
            "processes. Use trainer.devices=1, or an objective that samples each glimpse"
        )
    if any(isinstance(part, Tuned) and not (part.learning or part.frozen) for part in module.modules()):
        faults.append(
            "trainer.devices: processes add up the gradients of what is trained from the start, and not those of an "
            "encoder that is trained later. Use trainer.devices=1, encoder/tuning=frozen or encoder/tuning=trained"
        )
    if any(isinstance(part, Context) and not part.shares_batches for part in module.modules()):
        faults.append(
            "trainer.devices: the context of an image comes from another one of the batch, which may be another "
            "process's. Use trainer.devices=1"
        )
    module.train()
    if any(isinstance(part, _BatchNorm) and part.training for part in module.modules()):
        faults.append(
            "trainer.devices: batch normalisation would use the statistics of each process's share of a batch. Use "
            "trainer.devices=1, a frozen encoder (encoder/tuning=frozen), or an encoder without it"
        )
    if faults:
        raise ConfigFault(faults)
