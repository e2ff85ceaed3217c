"""A training step compiled by torch.compile with its default compiler, Inductor."""

from typing import Any, final

import torch
from torch import Tensor
from torch._dynamo.exc import BackendCompilerFailed

from benchmark.common.errors import RunFault
from benchmark.model.loop import SequenceModel
from benchmark.objective.base import Objective
from benchmark.process.program import first_line
from benchmark.training.compilation.base import Compilation, StepFunction
from datamodules.contract import Batch

LENGTHS = 64
"""Most lengths of sequences that are compiled, each by itself; PyTorch would leave all after the eighth as they are."""


@final
class Inductor(Compilation):
    """The forward and backward pass of a training step as kernels of several operators each (torch.compile).

    A step of a small model takes three quarters of the time (docs/speed.md); the optimiser's step is as it was.
    Compiling takes up to some minutes for a setting and each length of sequences that a batch has, and some ten seconds
    for each further run on the same machine, as PyTorch keeps what it compiled. Random numbers are drawn as without it,
    so a step is the same to rounding, and a whole training differs as it does on another processor.

    PyTorch takes no second gradients of what it compiled, so objective=relax is refused. So are several processes, as
    each step would be compiled anew. Raises RunFault at the first step if nothing can be compiled, as where there is no
    C++ compiler.
    """

    notices = ("compiles the training step: up to some minutes, where PyTorch has no cached result",)
    second_gradients = False
    shares_batches = False

    def compiled(self, step: StepFunction) -> StepFunction:
        # Inductor's own generators would give a seed other numbers.
        known: dict[str, Any] = {"recompile_limit": LENGTHS}  # which PyTorch's types do not have yet
        function = torch.compile(step, dynamic=False, options={"fallback_random": True}, **known)

        def compiled_step(rnn: SequenceModel, objective: Objective, batch: Batch) -> dict[str, Tensor]:
            try:
                terms: dict[str, Tensor] = function(rnn, objective, batch)
            except BackendCompilerFailed as error:
                raise RunFault(
                    f"the training step cannot be compiled: {first_line(error)}. compilation=inductor needs a C++ "
                    "compiler (on a GPU Triton). Use compilation=none"
                ) from error
            return terms

        return compiled_step
