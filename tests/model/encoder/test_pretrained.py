"""Weights from elsewhere, and torchvision's classifiers as encoders. Needs no network; most of it no torchvision."""

import collections
import re
from pathlib import Path

import pytest
import torch
from models import built, first_batch, roll
from torch import nn

from benchmark.common import torchvision_import
from benchmark.common.errors import ConfigFault, RunFault
from benchmark.common.listing import sha256_of
from benchmark.common.torchvision_import import installed, library
from benchmark.evaluation.cost import multiply_adds
from benchmark.model.attention.distribution import mode
from benchmark.model.encoder.state_dicts import fill, read
from benchmark.model.encoder.torchvision import Torchvision, fetched

needs_torchvision = pytest.mark.skipif(not installed(), reason="torchvision is an optional extra")


def network(width=3, classes=5):
    """Of the form of a classifier: a trunk, and a head that is cut off."""
    torch.manual_seed(width)
    layers = {"trunk": nn.Conv2d(3, width, 1), "norm": nn.BatchNorm2d(width), "head": nn.Linear(width, classes)}
    return nn.Sequential(collections.OrderedDict(layers))


def cut(whole):
    return whole[:2]


def saved(path, content):
    torch.save(content, path)
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.pth"


@pytest.mark.parametrize("wrapped", [
    lambda state: state,
    lambda state: {"state_dict": state, "epoch": 3, "best": 0.5},
    lambda state: {"model": state, "optimizer": {"lr": 0.1}},
    lambda state: {f"module.{name}": value for name, value in state.items()},
    lambda state: {name: value for name, value in state.items() if "num_batches" not in name},
])  # fmt: skip
def test_a_state_dict_is_found_and_taken_whatever_head_it_has(path, wrapped):
    theirs, mine = network(classes=120), network()
    nn.init.normal_(theirs.norm.running_mean)
    nn.init.normal_(theirs.trunk.weight)
    saved(path, wrapped(theirs.state_dict()))
    fill(cut(mine), set(mine.state_dict()), path, "toy", read(path))
    assert torch.equal(mine.trunk.weight, theirs.trunk.weight)
    assert torch.equal(mine.norm.running_mean, theirs.norm.running_mean)


def test_densenet_s_old_names_are_its_new_ones(path):
    old = {"features.denseblock1.denselayer2.norm.1.weight": torch.ones(1), "features.norm0.weight": torch.ones(1)}
    assert list(read(saved(path, old))) == ["features.denseblock1.denselayer2.norm1.weight", "features.norm0.weight"]


@pytest.mark.parametrize("content, told", [
    ([1, 2], "no state dict, names and tensors, but a list"),
    ({}, "a dictionary of nothing"),
    ({"epoch": 3, "lr": 0.1}, "a dictionary of epoch: int, lr: float"),
    (torch.ones(3), "but a Tensor"),
    (network(), "which is never loaded. Save the weights alone"),
    (Path("x"), "which is never loaded"),
])  # fmt: skip
def test_what_is_no_state_dict_is_said_so(path, content, told):
    with pytest.raises(RunFault, match=re.escape(told)) as fault:
        read(saved(path, content))
    assert str(path) in str(fault.value)


def test_a_file_that_is_damaged_cut_off_or_a_folder(path, tmp_path):
    for content in (b"", b"no weights at all", saved(path, network().state_dict()).read_bytes()[:-300]):
        path.write_bytes(content)
        with pytest.raises(RunFault, match=r"weights\.pth is damaged or cut off"):
            read(path)
    with pytest.raises(RunFault, match="is not a regular file"):
        read(tmp_path)


def test_a_file_with_code_in_it_runs_none(path, tmp_path):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    with pytest.raises(RunFault, match="never loaded"):
        read(saved(path, {"trunk.weight": Trap()}))
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("theirs, told", [
    (network(width=4), ["trunk.weight is [4, 3, 1, 1] there and [3, 3, 1, 1] here", "trunk.bias", "; and 2 more"]),
    (cut(network())[:1], ["norm.weight is not in it"]),
    (nn.Sequential(collections.OrderedDict(trunk=network().trunk, norm=network().norm, more=nn.Linear(1, 1))),
     ["more.weight is of no toy", "more.bias is of no toy"]),
])  # fmt: skip
def test_weights_of_another_architecture_are_refused_with_the_first_few_that_show_it(path, theirs, told):
    saved(path, theirs.state_dict())
    mine = network()
    before = mine.trunk.weight.clone()
    with pytest.raises(RunFault, match=re.escape(f"{path} does not hold weights of toy: ")) as fault:
        fill(cut(mine), set(mine.state_dict()), path, "toy", read(path))
    assert all(part in str(fault.value) for part in told) and torch.equal(mine.trunk.weight, before)


def test_without_torchvision_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(torchvision_import, "installed", lambda: False)
    with pytest.raises(ConfigFault, match=r"pip install '\.\[pretrained\]'"):
        built("none", "encoder=torchvision")


def test_what_a_retina_stacks_is_no_photograph():
    with pytest.raises(ConfigFault, match="reads images of 3 channels, or grey ones, and these have 6"):
        Torchvision((6, 32, 32), "resnet18", "layer4", "none", [])


def test_a_file_is_fetched_once_kept_and_checked_by_the_hash_in_its_name(tmp_path, monkeypatch):
    source = tmp_path / "source"
    source.write_bytes(b"weights")
    name = f"net-{sha256_of(source)[:8]}.pth"
    source.rename(tmp_path / name)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    kept = fetched(f"file://{tmp_path}/{name}")
    (tmp_path / name).unlink()
    assert fetched(f"file://{tmp_path}/{name}") == kept and kept.read_bytes() == b"weights"
    kept.write_bytes(b"damaged")
    with pytest.raises(RunFault, match="is damaged: its sha256 is not the one in its name"):
        fetched(f"file://{tmp_path}/{name}")
    with pytest.raises(RunFault, match=r"cannot fetch file://.*encoder\.body\.weights=FILE"):
        fetched(f"file://{tmp_path}/absent-12345678.pth")


def encoder(architecture="squeezenet1_1", layer="features", weights="none", shape=(3, 64, 64)):
    torch.manual_seed(0)
    return Torchvision(shape, architecture, layer, weights, ["ImageNet"])


@needs_torchvision
@pytest.mark.parametrize("architecture, layer, shape", [
    ("resnet18", "layer3", (256, 4, 4)),
    ("resnet18", "avgpool", (512, 1, 1)),
    ("resnet18", "flatten", (512, 1, 1)),
    ("squeezenet1_1", "features.3.squeeze_activation", (16, 15, 15)),
    ("mobilenet_v3_small", "features", (576, 2, 2)),
])  # fmt: skip
def test_a_layer_s_output_is_a_map_and_what_follows_is_cut_off(architecture, layer, shape):
    one = encoder(architecture, layer)
    whole = library().models.get_model(architecture, weights=None)
    assert one.shape == shape and one(torch.zeros(2, 3, 64, 64)).shape == (2, *shape)
    assert sum(p.numel() for p in one.parameters()) < sum(p.numel() for p in whole.parameters())
    assert one.weights == (architecture, "none", "none", ())


@needs_torchvision
def test_grey_is_read_as_three_equal_colours():
    one, image = encoder(shape=(1, 64, 64)).eval(), torch.randn(2, 1, 64, 64)
    assert torch.equal(one(image), one(image.repeat(1, 3, 1, 1)))


@needs_torchvision
def test_a_classifier_s_own_features_come_out():
    one = encoder("resnet18", "avgpool").eval()
    whole = library().models.resnet18(weights=None).eval()
    whole.load_state_dict({**whole.state_dict(), **one.body.state_dict()})
    image = torch.randn(2, 3, 64, 64)
    assert torch.allclose(whole.fc(one(image).flatten(1)), whole(image), atol=1e-5)


@needs_torchvision
def test_weights_come_from_a_file_and_are_named_by_it(tmp_path):
    models = library().models
    torch.manual_seed(1)
    path = saved(tmp_path / "mine.pth", models.squeezenet1_1(weights=None, num_classes=120).state_dict())
    one = encoder(weights=str(path))
    assert all(torch.equal(value, read(path)[name]) for name, value in one.body.state_dict().items())
    assert one.weights == ("squeezenet1_1", "mine.pth", sha256_of(path), ("ImageNet",))
    with pytest.raises(RunFault, match=r"mine\.pth does not hold weights of resnet18: conv1\.weight is not in it"):
        encoder("resnet18", "layer1", str(path))


@needs_torchvision
def test_a_smaller_network_does_not_take_a_larger_one_s_weights(tmp_path):
    path = saved(tmp_path / "resnet34.pth", library().models.resnet34(weights=None).state_dict())
    with pytest.raises(RunFault, match=r"layer1\.2\.conv1\.weight is of no resnet18"):
        encoder("resnet18", "layer1", str(path))


@needs_torchvision
@pytest.mark.parametrize("knobs, told", [
    ({"architecture": "resnet81"}, r"architecture: torchvision has no 'resnet81'; did you mean 'resnet18'"),
    ({"architecture": "fasterrcnn_resnet50_fpn"}, "torchvision has no 'fasterrcnn_resnet50_fpn'"),
    ({"layer": "featurse"}, r"layer: squeezenet1_1 has no 'featurse'; did you mean 'features'.* outermost are feat"),
    ({"weights": "IMAGENET1K_V3"}, r"weights: IMAGENET1K_V3 is no file, and no weights of squeezenet1_1; did you mean"),
    ({"shape": (3, 8, 8)}, "squeezenet1_1 cannot read 8 x 8 px"),
    ({"architecture": "swin_t", "layer": "features.0"}, r"gives \[1, 16, 16, 96\], and neither a map"),
])  # fmt: skip
def test_what_cannot_be_is_refused_with_what_could(knobs, told):
    with pytest.raises(ConfigFault, match=told):
        encoder(**knobs)


@needs_torchvision
@pytest.mark.parametrize("architecture", ["googlenet", "inception_v3"])
def test_those_with_further_heads_read_files_that_have_them_and_warn_of_nothing(architecture, tmp_path):
    builder = getattr(library().models, architecture)
    path = saved(tmp_path / "whole.pth", builder(weights=None, init_weights=False, aux_logits=True).state_dict())
    layer = {"googlenet": "inception4a", "inception_v3": "Mixed_5b"}[architecture]
    one = encoder(architecture, layer, str(path), (3, 96, 96))
    assert one.shape[0] in (512, 256) and not any(name.startswith(("aux", "Aux")) for name in one.body.state_dict())


@needs_torchvision
def test_a_model_runs_on_it_frozen_and_is_counted(capsys):
    knobs = ("encoder=torchvision", "encoder.body.architecture=squeezenet1_1", "encoder.body.layer=features",
             "encoder.body.weights=none", "data.canvas=40")  # fmt: skip
    parts = built("item_soft", *knobs)
    rnn, batch = parts.module.rnn.train(), first_batch(parts)
    loss = parts.module.objective(roll(rnn, batch, 1, mode), batch.target)["loss"]
    loss.backward()
    assert all(parameter.grad is None for parameter in rnn.attention.encoder.parameters())
    by_hand = []
    for part in rnn.attention.encoder.modules():
        if isinstance(part, nn.Conv2d):
            part.register_forward_hook(lambda part, _, out: by_hand.append(out[0].numel() * part.weight[0].numel()))
    rnn(batch.image, batch.boxes, None, 1, mode)
    assert sum(by_hand) < multiply_adds(rnn, parts.spec) < 1.2 * sum(by_hand)
    assert capsys.readouterr().err == ""


@needs_torchvision
def test_it_imports_where_its_operators_do_not_load():
    if library().extension._has_ops():
        pytest.skip("here they load")
    with pytest.raises(RuntimeError, match="Couldn't load custom C"):
        library().ops.nms(torch.zeros(1, 4), torch.zeros(1), 0.5)
