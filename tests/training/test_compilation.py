"""Compiled training steps: the same numbers, from the same random draws, and words where nothing can be compiled."""

import pytest
import torch
from models import built, config, first_batch
from omegaconf import OmegaConf
from torch._dynamo.testing import CompileCounter
from torch._inductor.utils import fresh_cache

from benchmark.common.errors import ConfigFault, RunFault
from benchmark.common.schedule import Scheduled
from benchmark.results.run_id import built_identity, identity
from benchmark.training.compilation.inductor import Inductor
from benchmark.training.compilation.none import NoCompilation

pytestmark = [  # what PyTorch's own compiler warns of
    pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning"),
]

STEPS = 3


def trained(module, batch, steps=STEPS):
    """The losses of some steps by hand, the weights after them, and the next random number."""
    optimizer, rate = module.optimisation.optimizer(module.core, module.policy, module.own_rates, 100)
    losses = []
    for step in range(steps):
        torch.manual_seed(step)
        for part in module.modules():
            if isinstance(part, Scheduled):
                part.at(step / steps)
        optimizer.zero_grad()
        loss = module.step_function(module.rnn, module.objective, batch)["loss"]
        loss.backward()
        optimizer.step()
        rate.step()
        losses.append(loss.item())
    return losses, [parameter.detach().clone() for parameter in module.parameters()], torch.rand(()).item()


def compared(attention, *overrides):
    """What `trained` gives without and with compilation."""
    found = []
    for compilation in (NoCompilation(), Inductor()):
        parts = built(attention, *overrides)
        parts.module.train()
        compilation.on_fit_start(None, parts.module)
        found.append(trained(parts.module, first_batch(parts)))
    return found


def assert_same(plain, compiled):
    assert compiled[0] == pytest.approx(plain[0], rel=1e-5) and compiled[2] == plain[2]
    assert len(set(plain[0])) > 1  # it has learned
    for one, other in zip(plain[1], compiled[1], strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_a_compiled_step_draws_the_same_numbers():
    weight = torch.randn(3, 4, generator=torch.Generator().manual_seed(0), requires_grad=True)

    def step(rnn, objective, batch):
        return {"loss": (rnn(batch @ weight) * torch.rand(2, 4)).square().mean(), "objective": objective}

    found = []
    for function in (step, Inductor().compiled(step)):
        torch.manual_seed(5)
        terms = function(torch.nn.Dropout(0.5), "its name", torch.arange(6.0).view(2, 3))
        terms["loss"].backward()
        found.append((terms["loss"].item(), terms["objective"], torch.rand(()).item(), weight.grad.clone()))
        weight.grad = None
    (plain, name, after, gradient), compiled = found
    assert compiled[:3] == (pytest.approx(plain), name, after) and torch.allclose(gradient, compiled[3])
    assert plain > 0


@pytest.mark.slow
@pytest.mark.parametrize(("attention", "overrides"), [
    ("dram", ["attention/policy=centre_start_map", "look.glimpses=2"]), ("item_hard", ["look.glimpses=2"]),
    ("item_hard", ["objective=ppo", "look.glimpses=1"]), ("location_soft", ["look.glimpses=1"]),
])  # fmt: skip
def test_the_same_training_of_other_mechanisms(attention, overrides):
    assert_same(*compared(attention, *overrides))


@pytest.mark.parametrize("compilation", [NoCompilation(), Inductor()])
def test_the_step_is_a_part_of_the_module_once(compilation):
    """Or the weights of a step that has some would be stored twice, and refused when the run resumes."""
    module = built("none").module
    parts, weights = dict(module.named_children()), list(module.state_dict())
    compilation.on_fit_start(None, module)
    assert dict(module.named_children()) == parts and list(module.state_dict()) == weights


def test_without_compilation_the_step_stays_as_it_is():
    module = built("none").module
    before = module.step_function
    NoCompilation().on_fit_start(None, module)
    assert module.step_function == before == module.train_step.forward


def test_a_machine_without_a_compiler_is_told_so():
    parts = built("none")
    step = Inductor().compiled(parts.module.train_step)
    with (
        fresh_cache(),
        torch._inductor.config.patch({"cpp.cxx": ("/no/compiler",)}),
        pytest.raises(RunFault, match=r"cannot be compiled: .*compiler.* Use compilation=none"),
    ):
        step(parts.module.rnn, parts.module.objective, first_batch(parts))


@pytest.mark.parametrize(("overrides", "message"), [
    (["objective=relax"], "gradient of a gradient, which Inductor cannot compile. Use compilation=none"),
    (["trainer.devices=2"], "Inductor is for one process. Use trainer.devices=1 or compilation=none"),
])  # fmt: skip
def test_what_cannot_be_compiled_is_refused(overrides, message):
    with pytest.raises(ConfigFault, match=message):
        built("item_hard", "compilation=inductor", *overrides)
    built("item_hard", *overrides)


def test_it_is_no_part_of_what_a_run_is():
    plain, compiled = config("attention=none"), config("attention=none", "compilation=inductor")
    assert plain.compilation != compiled.compilation
    excludes = OmegaConf.to_container(plain)["identity_excludes"]
    same = [identity(OmegaConf.to_container(each), excludes) for each in (plain, compiled)]
    classes = [built_identity(OmegaConf.to_container(each), excludes) for each in (plain, compiled)]
    assert same[0] == same[1] and classes[0] == classes[1]


def test_every_length_of_sequences_is_compiled(monkeypatch):
    """PyTorch's own limit is eight lengths; further ones would stay as they are, without a word."""
    counter, compiler = CompileCounter(), torch.compile
    monkeypatch.setattr(torch, "compile", lambda step, options, **known: compiler(step, backend=counter, **known))
    step = Inductor().compiled(lambda rnn, objective, batch: {"loss": batch.cumsum(0).sum()})
    for length in range(2, 14):
        step(None, None, torch.ones(length))
    assert counter.frame_count == 12
