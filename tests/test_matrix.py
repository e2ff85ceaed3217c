"""Every mechanism on every data set: a training step, an evaluation, maps of where it looked."""

import pytest
import torch
from models import ATTENTION, DATA, SMALL, built, config, files, first_batch, narrowed, roll
from omegaconf import OmegaConf, open_dict

from benchmark.attention.distribution import mode, sample
from benchmark.build import build
from benchmark.cost import multiply_adds
from benchmark.evaluation import evaluate
from benchmark.pictures import panel
from benchmark.tones import Stretched


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


def composed(attention, data, root):
    """As Hydra composes it, but put together from one composition of each: a data set's file sets `data` and `look`."""
    cfg, given = config(f"attention={attention}", *SMALL).copy(), of_data(data, root)
    with open_dict(cfg):
        for node in ("data", "look", "metrics"):
            cfg[node] = OmegaConf.to_container(given, resolve=False)[node]
    return cfg


def of_data(data, root):
    return config("attention=none", f"data={data}", *SMALL, *files(data, root))


@pytest.mark.parametrize("attention, data", [("dram", "mnist_cluttered"), ("item_soft", "digit_pairs_ordered")])
def test_the_matrix_is_as_hydra_composes_it(attention, data, root):
    whole = config(f"attention={attention}", f"data={data}", *SMALL, *files(data, root))
    assert OmegaConf.to_container(composed(attention, data, root), resolve=True) == OmegaConf.to_container(
        whole, resolve=True
    )


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("attention", ATTENTION)
def test_a_step_and_an_evaluation(attention, data, root):
    torch.manual_seed(0)
    parts = build(OmegaConf.create(narrowed(OmegaConf.to_container(composed(attention, data, root), resolve=True))))
    module, rnn = parts.module, parts.module.rnn
    batch = first_batch(parts)
    assert parts.spec.name == data and batch.image.shape[1:] == parts.spec.image_shape

    before = {name: p.detach().clone() for name, p in rnn.named_parameters()}
    loss = module.objective(roll(rnn, batch, module.objective.samples, sample), batch.target)["loss"]
    loss.backward()
    norms = module.optimisation.clip(module.core, module.policy)
    assert loss.isfinite() and all(norm.isfinite() for norm in norms) and norms[0] > 0
    torch.optim.SGD(module.parameters(), 1e-3).step()
    assert any(not torch.equal(before[name], p) for name, p in rnn.named_parameters())

    split = list(parts.datamodule.batches("test", torch.device("cpu")))
    found = evaluate(rnn, split, module.measure, samples=2, seed=0)
    headline = module.measure.headline
    for way in ("mean", "sample", "average", "random"):
        assert found.test[way][headline.key] == pytest.approx(found.predictions[f"value_{way}"].mean())
        assert 0 <= found.test[way][headline.key] <= (1 if headline.percent else 10)
    assert len(found.predictions["prediction_mean"]) == 4

    height, width = parts.spec.image_shape[1:]
    with torch.no_grad():
        where = rnn(batch.image, batch.boxes, None, 1, mode).where[:, 0].flatten(0, 2)
    maps, fixation = rnn.attention.attention_map(where, (height, width)), rnn.attention.fixation(where)
    assert maps.shape == (len(where), height, width)
    assert maps.min() >= 0 and maps.max() <= 1 and maps.amax((1, 2)).min() > 0
    assert fixation.shape == (len(where), 2)
    inside = (fixation >= 0) & (fixation <= torch.tensor([width, height]))
    assert (inside | fixation.isnan()).all()
    unknown = fixation.isnan().all() or not parts.spec.box_names
    assert unknown == ("hit_rate" not in found.localisation.get("mean", {}))


@pytest.mark.parametrize("attention", ATTENTION)
def test_a_panel_of_where_it_looked_and_a_count_of_two_symbols(attention, tmp_path):
    parts = built(attention, "look.glimpses=2", "data.test_images=2", data="digit_pairs_ordered")
    panel(parts.module, parts.datamodule, tmp_path / "pictures" / "panel.png", Stretched())
    assert (tmp_path / "pictures" / "panel.png").read_bytes().startswith(b"\x89PNG")
    assert multiply_adds(parts.module.rnn, parts.spec) > 0
