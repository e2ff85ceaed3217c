"""What would end a run at its first test is found before its training."""

from types import SimpleNamespace

import pytest
import torch
from models import built
from torch import nn

from benchmark.common.errors import RunFault
from benchmark.evaluation.first_glimpses import FirstGlimpses
from benchmark.model.attention.faults import unregistered


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
