"""What a model costs, against counts by hand and against the papers' own."""

from itertools import pairwise

import pytest
import torch
from models import SMALL, built, config, first_batch, no_references, roll

from benchmark.build import build_module, build_rnn
from benchmark.evaluation import cost
from benchmark.evaluation.cost import inference_speed, multiply_adds, multiply_adds_by_side, parameters
from benchmark.model.attention.distribution import sample
from datamodules.contract import TaskSpec

FIXED = ("data.canvas=40", "look.glimpses=4", "look.size=8", "look.crop=12", "look.scales=2", "decoder.hidden_size=32")
SIDE, M, H, V = 40, 4, 32, 55
GATES = {"LSTM": 4, "GRU": 3, "TanhRNN": 1, "ReluRNN": 1}


def linear(*widths):
    return sum(a * b for a, b in pairwise(widths))


def convolutions(cfg, channels, side):
    """(multiply-adds, channels, side) of a stack of convolutions on a square."""
    total = 0
    for out, kernel, stride in cfg.layers:
        side = (side + (2 * ((kernel - 1) // 2) if cfg.pad else 0) - kernel) // stride + 1
        total += side * side * kernel * kernel * channels * out
        channels = out
    return total, channels, side


def flat(cfg, channels, side):
    total, channels, side = convolutions(cfg.body, channels, side)
    return total + linear(channels * side * side, cfg.size)


def recurrent(cfg, size):
    return GATES[cfg.cell._target_.rsplit(".", 1)[1]] * H * (size + H)


def answer(cfg, size=H):
    return linear(size, *cfg.decoder.head, V)


def retina(cfg):
    """(multiply-adds, width) of reading one glimpse: two scales of 8 x 8 px, by a dense or a convolutional network."""
    if "sizes" in cfg.encoder:
        return linear(2 * 8 * 8, *cfg.encoder.sizes), cfg.encoder.sizes[-1]
    return flat(cfg.encoder, 2, 8), cfg.encoder.size


def by_hand_none(cfg):
    return flat(cfg.encoder, 1, SIDE) + recurrent(cfg, cfg.encoder.size) + answer(cfg)


def by_hand_cnn_weak(cfg):
    return flat(cfg.encoder, 1, SIDE) + answer(cfg, cfg.encoder.size)


def by_hand_cnn_strong(cfg):
    widths, side = list(cfg.encoder.widths), SIDE
    total = side * side * 9 * widths[0]
    for number, (a, b) in enumerate(zip([widths[0], *widths[:-1]], widths, strict=True)):
        side = side if number == 0 else side // 2
        total += side * side * (9 * a * b + 9 * b * b + a * b)
    return total + answer(cfg, widths[-1])


def by_hand_item_soft(cfg):
    total, channels, side = convolutions(cfg.encoder, 1, SIDE)
    items, size, hidden = side * side, channels + 2, cfg.attention.mechanism.alignment.size
    glimpse = linear(H, hidden) + items * hidden + items * size
    return total + items * size * hidden + M * (glimpse + recurrent(cfg, size)) + answer(cfg)


def by_hand_ram(cfg):
    see, size = retina(cfg)
    join = cfg.attention.mechanism.whatwhere
    where = linear(2, join.hidden, join.size)
    head = linear(H, *cfg.attention.mechanism.policy.then.hidden, 2)  # not before the first glimpse, which is random
    return M * (see + linear(size, join.size) + where + recurrent(cfg, join.size)) + (M - 1) * head + answer(cfg)


def told_where(cfg):
    see, size = retina(cfg)
    return M * (see + linear(2, size) + recurrent(cfg, size) + recurrent(cfg, H)) + answer(cfg)


def by_hand_dram_nocontext(cfg):
    return told_where(cfg) + M * linear(H, *cfg.attention.mechanism.policy.hidden, 2)


def in_context(cfg):
    return linear(cfg.context.side**2, *cfg.context.encoder.sizes, H)


def by_hand_dram(cfg):
    return by_hand_dram_nocontext(cfg) + in_context(cfg)


def by_hand_random(cfg):
    """Dram's but for its emission network; the upper state goes on, though nobody asks it."""
    return told_where(cfg) + in_context(cfg)


def core(cfg):
    """(multiply-adds, width) of one visual core, which reads one window of 8 x 8 px."""
    return flat(cfg.encoder, 1, 8), cfg.encoder.size


def by_hand_sermanet(cfg):
    (see, size), head = core(cfg), linear(H, *cfg.attention.mechanism.policy.hidden, 2)
    glimpse = 2 * see + linear(2, 2 * size) + head + recurrent(cfg, 2 * size) + recurrent(cfg, H)
    return see + linear(size, H) + M * glimpse + answer(cfg)  # the context is one look of the same core


def warped(cfg, numbers):
    mechanism = cfg.attention.mechanism
    plan, channels, side = convolutions(mechanism.localiser, 1, min(mechanism.overview, cfg.data.canvas))
    plan += linear(channels * side * side, mechanism.hidden)
    fine = (12 * mechanism.oversample) ** 2
    place = linear(H, mechanism.hidden, numbers) + mechanism.scales * (6 + 4) * fine
    see = flat(cfg.encoder, mechanism.scales, 12) + linear(numbers, cfg.encoder.size)
    return plan + M * (place + see + recurrent(cfg, cfg.encoder.size)) + answer(cfg)


def by_hand_location_soft(cfg):
    return warped(cfg, 6)


def by_hand_location_soft_zoom(cfg):
    return warped(cfg, 3)


def by_hand_stn_parallel(cfg):
    mechanism = cfg.attention.mechanism
    plan, channels, side = convolutions(mechanism.localiser, 1, min(mechanism.overview, cfg.data.canvas))
    plan += linear(channels * side * side, mechanism.hidden)
    fine, crops, size = (12 * mechanism.oversample) ** 2, mechanism.parallel, 2 * cfg.encoder.size
    crop = 2 * (6 + 4) * fine + 2 * flat(cfg.encoder, 1, 12) + linear(3, size)
    place = linear(H, mechanism.hidden, 3 * crops)
    return plan + M * (place + crops * crop + recurrent(cfg, crops * size)) + answer(cfg)


by_hand_item_hard, by_hand_centre, by_hand_oracle = by_hand_item_soft, by_hand_random, by_hand_random

BY_HAND = {name.removeprefix("by_hand_"): count for name, count in globals().items() if name.startswith("by_hand_")}


@pytest.mark.parametrize("name", BY_HAND)
def test_multiply_adds_by_hand(name):
    overrides = [o for o in FIXED if not (name.startswith("cnn") and "decoder" in o)]
    parts = built(name, *overrides)
    cfg = config(f"attention={name}", "data=digit_pairs", *SMALL, *overrides)
    assert multiply_adds(parts.module.rnn, parts.spec) == BY_HAND[name](cfg)


def by_side(name):
    parts = built(name, *FIXED)
    cfg = config(f"attention={name}", "data=digit_pairs", *SMALL, *FIXED)
    return multiply_adds_by_side(lambda spec: build_rnn(cfg, spec), parts.spec, (60, 100, 200))


@pytest.mark.parametrize("name", ["ram", "dram", "random", "location_soft", "sermanet", "stn_parallel"])
def test_location_wise_attention_costs_the_same_on_any_image(name):
    counts = by_side(name)
    assert list(counts) == ["60", "100", "200"] and len(set(counts.values())) == 1


@pytest.mark.parametrize("name", ["item_soft", "item_hard", "none"])
def test_reading_every_item_costs_as_the_image_s_area(name):
    counts = by_side(name)
    assert counts["100"] > 2 * counts["60"]
    assert counts["200"] / counts["100"] == pytest.approx(4, rel=0.15)


def test_a_size_that_cannot_be_built_is_left_out():
    parts = built("random")
    cfg = config("attention=random", "data=digit_pairs", *SMALL)
    counts = multiply_adds_by_side(lambda spec: build_rnn(cfg, spec), parts.spec, (4, 60))
    assert list(counts) == ["60"]


@pytest.mark.parametrize("size, scales, published", [(8, 1, 0.210), (12, 3, 0.257), (12, 4, 0.275)])
def test_ram_has_the_paper_s_parameters(size, scales, published):
    """The sheet's counts include all heads, the linear baseline's too."""
    cfg = config("experiment=ram28", f"look.size={size}", f"look.scales={scales}", "look.hidden=256")
    spec = TaskSpec("mnist28", "real", (1, 28, 28), tuple("0123456789"), 1, None, 0.0, ("digit 1",))
    module = build_module(cfg, spec, no_references)
    count = parameters(module.rnn) + sum(p.numel() for p in module.objective.parameters())
    assert round(count / 1e6, 3) == published


def kept_bytes(name, glimpses, canvas):
    """What a training step keeps for its backward pass, parameters and the canvas itself apart."""
    parts = built(name, f"look.glimpses={glimpses}", f"data.canvas={canvas}")
    rnn, batch = parts.module.rnn, first_batch(parts)
    apart = {p.untyped_storage().data_ptr() for p in [*rnn.parameters(), batch.image]}
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in apart:
            kept[storage.data_ptr()] = storage  # held, or its place would be given to another
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = parts.module.objective(roll(rnn, batch, 4, sample), batch.target)["loss"]
    assert loss.requires_grad
    return sum(storage.nbytes() for storage in kept.values())


@pytest.mark.parametrize("name", ["ram", "dram"])
def test_a_training_step_keeps_as_much_for_each_glimpse_and_nothing_of_the_canvas(name):
    at = {glimpses: kept_bytes(name, glimpses, 60) for glimpses in (2, 6, 10, 14)}
    each = (at[14] - at[6]) / 8
    assert each > 0 and (at[10] - at[6]) / 4 == pytest.approx(each, rel=0.01)
    assert at[2] == pytest.approx(at[6] - 4 * each, rel=0.05)
    assert kept_bytes(name, 6, 180) == at[6]


def test_items_are_kept_once_and_grow_with_the_canvas():
    assert kept_bytes("item_soft", 4, 120) > 3 * kept_bytes("item_soft", 4, 60)


def test_speed_is_images_a_second():
    parts = built("centre")
    assert inference_speed(parts.module.rnn, first_batch(parts, "test"), 2) > 0


def test_speed_is_of_the_median_pass_after_a_warm_up(monkeypatch):
    """Passes of 0.5 s to warm up, and 3, 1 and 4 s, over four images."""
    parts = built("centre")
    clock = iter([0.0, 0.5, 10.0, 13.0, 20.0, 21.0, 30.0, 34.0])
    monkeypatch.setattr(cost.time, "perf_counter", clock.__next__)
    assert inference_speed(parts.module.rnn, first_batch(parts, "test"), 3) == pytest.approx(4 / 3)
