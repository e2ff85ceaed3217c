"""What would end a run at its first test is found before its training."""

from types import SimpleNamespace

import pytest
import torch
from models import built
from torch import nn

from benchmark.common.errors import RunFault
from benchmark.evaluation.first_glimpses import FirstGlimpses
from benchmark.model.attention.distribution import uniform
from benchmark.model.attention.faults import unregistered
from benchmark.model.attention.policy.base import Policy
from benchmark.model.cell.base import Cell
from benchmark.model.encoder.base import Encoder


def begin(parts):
    """A run's start, with the same parts for the meta device."""
    module, data = parts.module, parts.datamodule
    callback = FirstGlimpses(lambda spec: built("item_soft").module.rnn, "mine")
    callback.on_fit_start(SimpleNamespace(datamodule=data), module)


def test_a_sound_mechanism_begins_and_nothing_is_left_changed():
    parts = built("item_soft")
    parts.module.train()
    before = torch.random.get_rng_state()
    begin(parts)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert parts.module.rnn.training and not parts.module.rnn.attention._forward_hooks


@pytest.mark.parametrize(
    ("method", "told"),
    [
        (lambda glimpse: glimpse.code, "forward gives a Tensor, and has to give a Glimpse"),
        (lambda glimpse: glimpse._replace(code=glimpse.code[:, 1:]), "code of a glimpse has the shape"),
        (lambda glimpse: glimpse._replace(code=glimpse.code / 0), "code of a glimpse is not finite"),
    ],
)
def test_a_wrong_glimpse_ends_a_run_at_its_start(method, told):
    parts = built("item_soft")
    parts.module.rnn.attention.register_forward_hook(lambda part, inputs, glimpse: method(glimpse))
    with pytest.raises(RunFault, match="attention=mine breaks its contract") as found:
        begin(parts)
    assert told in str(found.value) and "python -m benchmark.check attention=mine" in str(found.value)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda map_RHW: map_RHW.mean(0), "attention_map has the shape"),
        (lambda map_RHW: map_RHW * 99 + 2, "and has to stay in 0 to 1"),
    ],
)
def test_a_wrong_map_ends_a_run_at_its_start(wrong, told):
    parts = built("item_soft")
    attention = parts.module.rnn.attention
    of_grid = attention.attention_map
    attention.attention_map = lambda where, side: wrong(of_grid(where, side))
    with pytest.raises(RunFault, match=told):
        begin(parts)


def test_a_place_that_only_the_control_draws_is_looked_at_too():
    """The random glimpses of the test, which no training step draws."""
    parts = built("item_soft")

    def other_code(part, inputs, glimpse):
        return glimpse._replace(code=glimpse.code[:, 1:]) if inputs[3] is uniform else glimpse

    parts.module.rnn.attention.register_forward_hook(other_code)
    with pytest.raises(RunFault, match=r"code of a glimpse has the shape .* \(drawn by uniform\)"):
        begin(parts)


@pytest.mark.parametrize(
    ("base", "change", "told"),
    [
        (Encoder, lambda output: output.mean((2, 3)), r"gives \(2, 64\), and has to give a tensor \(2, 64, 5, 5\)"),
        (Cell, lambda output: output[0], r"gives \(2, 128\), and has to give a tuple of tensors \(2, 128\), "),
        (Cell, lambda output: (output[0][:, 1:], output[1]), "has to give a tuple of tensors"),
        (Policy, lambda output: output.item_probs, "has to give a PolicyOutput"),
        (Policy, lambda output: output._replace(location=lambda place: place[:1]), r"has to give locations \(2, 2\)"),
    ],
)
def test_a_part_that_gives_something_else_is_named(base, change, told):
    parts = built("ram" if base is Policy else "item_soft")
    part = next(part for part in parts.module.rnn.modules() if isinstance(part, base))
    part.register_forward_hook(lambda part, inputs, output: change(output))
    with pytest.raises(RunFault, match=f"{type(part).__qualname__} .*{told}"):
        begin(parts)


@pytest.mark.parametrize(
    ("method", "change", "told"),
    [
        ("parts", lambda found: found["correct"], "parts gives a Tensor"),
        ("parts", lambda found: {name: value.sum() for name, value in found.items()}, "a row for each of 2 images"),
        ("compute", lambda found: found.summary, "compute gives a dict, and has to give a MeasureResult"),
        ("compute", lambda found: found._replace(summary={}), "the summary has no 'error'"),
        ("compute", lambda found: found._replace(value_N=found.value_N[:1]), "a finite number for each of 2 images"),
        ("compute", lambda found: found._replace(summary={"error": torch.zeros(())}), "a plain number"),
    ],
)
def test_a_wrong_measure_ends_a_run_at_its_start(method, change, told):
    parts = built("item_soft")
    right = getattr(parts.module.measure, method)
    setattr(parts.module.measure, method, lambda *given: change(right(*given)))
    with pytest.raises(RunFault, match="breaks its contract") as found:
        begin(parts)
    assert told in str(found.value)


class Hides(nn.Module):
    def __init__(self, **held):
        super().__init__()
        self.known = nn.Linear(1, 1)
        vars(self).update(held)


@pytest.mark.parametrize(
    ("held", "told"),
    [
        ({"layers": [nn.Linear(1, 1)]}, "layers holds a Linear that is not registered"),
        ({"by_name": {"a": nn.Linear(1, 1)}}, "use a torch.nn.ModuleList"),
        ({"scale": torch.ones(1)}, "self.register_buffer('scale', ...)"),
    ],
)
def test_what_is_not_registered_is_named(held, told):
    (fault,) = unregistered(nn.Sequential(Hides(**held)))
    assert told in fault and f"{Hides.__module__}.Hides." in fault


def test_what_is_registered_elsewhere_may_be_listed_again():
    part = Hides(size=3, name="a")
    vars(part)["again"] = [part.known, part.known.weight]
    assert list(unregistered(part)) == []


def test_what_end_a_run_at_its_start_is_told_of_what_it_holds_too():
    parts = built("item_soft")
    vars(parts.module.rnn.attention)["scale"] = torch.ones(1)
    with pytest.raises(RunFault, match=r"ItemAttention\.scale holds a Tensor"):
        begin(parts)
