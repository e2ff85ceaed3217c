"""One visual core: windows of several resolutions read by the same encoder, which also reads the whole image."""

from functools import partial

import pytest
import torch
from models import built, first_batch, no_boxes, roll, touched
from torch.nn.functional import adaptive_avg_pool2d

from benchmark.common.errors import ConfigFault
from benchmark.model.attention.distribution import sample
from benchmark.model.attention.views import OneCore, Stacked
from benchmark.model.encoder.conv import Conv
from benchmark.model.encoder.dense import Dense

SMALL = ("data.canvas=32", "look.size=8", "look.scales=3")


def test_one_core_reads_each_window_as_an_image_of_its_own():
    torch.manual_seed(0)
    views = OneCore(partial(Conv, layers=[(5, 3, 2)], pad=True), channels=3, scales=2, side=8)
    window, image = torch.randn(4, 2, 3, 8, 8), torch.randn(4, 3, 24, 16)
    codes = [views.encoder(window[:, scale]).flatten(1) for scale in range(2)]
    torch.testing.assert_close(views(window), torch.cat(codes, 1))
    assert views.size == 2 * views.global_feature_size == 2 * 5 * 4 * 4
    reduced = image.unflatten(3, (8, 2)).mean(4).unflatten(2, (8, 3)).mean(3)
    torch.testing.assert_close(views.global_feature(image), views.encoder(reduced).flatten(1))


def test_stacked_windows_are_channels_and_a_whole_image_is_alike_at_all_scales():
    torch.manual_seed(0)
    views = Stacked(partial(Dense, sizes=[5]), channels=3, scales=2, side=4)
    window, image = torch.randn(4, 2, 3, 4, 4), torch.randn(4, 3, 8, 8)
    torch.testing.assert_close(views(window), views.encoder(window.flatten(1, 2)).flatten(1))
    reduced = adaptive_avg_pool2d(image, 4)
    torch.testing.assert_close(views.global_feature(image), views(torch.stack([reduced, reduced], 1)))
    assert views.size == views.global_feature_size == 5


def test_a_context_reads_what_the_coarsest_window_would_at_the_centre():
    """8 px four times coarser are the 32 px of the image: the same core makes the same of both."""
    attention = built("sermanet", *SMALL).module.rnn.attention.eval()
    image = torch.randn(2, 1, 32, 32)
    features = attention.encode(image, no_boxes(2))
    window = attention.retina(features.levels, torch.full((2, 2), 16.0))
    coarsest = attention.network(window).unflatten(1, (3, -1))[:, 2]
    torch.testing.assert_close(attention.global_feature(features), coarsest, atol=1e-5, rtol=1e-5)


def test_the_context_is_the_gist_brought_to_a_state_and_its_gradient_stops_there():
    parts = built("sermanet", *SMALL)
    rnn, batch = parts.module.rnn, first_batch(parts)
    features = rnn.attention.encode(batch.image, batch.boxes)
    state = rnn.context(batch.image, lambda: rnn.attention.global_feature(features))
    torch.testing.assert_close(state, rnn.context.out(rnn.attention.global_feature(features)).tanh())
    assert touched(state.sum(), rnn) == {"context.out.weight", "context.out.bias"}


def test_the_flag_lets_the_policy_gradient_into_the_core():
    parts = built("sermanet", *SMALL, "context.detach=false")
    rnn = parts.module.rnn
    reached = touched(roll(rnn, first_batch(parts), 2, sample).log_prob.square().sum(), rnn)
    core = {name for name, _ in rnn.named_parameters() if name.startswith("attention.network.")}
    assert core and core <= reached


@pytest.mark.parametrize("name", ["item_soft", "none", "dram", "location_soft"])
def test_any_mechanism_s_gist_can_start_the_state(name):
    parts = built(name, "context=global_feature", "context.detach=false")
    rnn, batch = parts.module.rnn, first_batch(parts)
    features = rnn.attention.encode(batch.image, batch.boxes)
    assert rnn.attention.global_feature(features).shape == (4, rnn.attention.global_feature_size)
    assert roll(rnn, batch, 2, sample).logits.isfinite().all()


def test_the_gist_of_items_is_their_mean():
    parts = built("item_soft")
    attention, batch = parts.module.rnn.attention, first_batch(parts)
    features = attention.encode(batch.image, batch.boxes)
    torch.testing.assert_close(attention.global_feature(features), features.item.mean(1))


def test_resolutions_can_be_left_out():
    whole, low = built("sermanet", *SMALL), built("sermanet", *SMALL, "attention.mechanism.unread=[0,1]")
    image = torch.randn(1, 1, 32, 32)
    seen = low.module.rnn.attention.attention_map(torch.tensor([[16.0, 16.0]]), (32, 32))
    assert seen.all()  # the coarsest window alone shows all 32 px
    attention = low.module.rnn.attention
    window = attention.retina(attention.encode(image, no_boxes(1)).levels, torch.tensor([[16.0, 16.0]]))
    torch.testing.assert_close(window[:, 0], adaptive_avg_pool2d(image, 8), atol=1e-5, rtol=1e-5)
    assert 3 * low.module.rnn.attention.network.size == whole.module.rnn.attention.network.size


@pytest.mark.parametrize("unread", ["[0,1,2]", "[3]", "[-1]"])
def test_a_retina_reads_some_scale_it_has(unread):
    with pytest.raises(ConfigFault, match=r"attention\.mechanism\.unread: .* of 3 scales"):
        built("sermanet", *SMALL, f"attention.mechanism.unread={unread}")
