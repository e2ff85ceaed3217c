"""The control of the context network."""

from functools import partial

import pytest
import torch
from models import task

from benchmark.model.context.another_image import AnotherImage
from benchmark.model.context.coarse_image import CoarseImage
from benchmark.model.context.global_feature import GlobalFeature
from benchmark.model.encoder.dense import Dense


def test_the_context_of_another_image_is_that_of_the_one_before():
    torch.manual_seed(0)
    plain = partial(CoarseImage, side=4, encoder=partial(Dense, sizes=[5]))
    made = AnotherImage(task(symbols=6), 3, 0, plain)
    image = torch.randn(4, *task(symbols=6).image_shape)
    own, told = made.of(image, lambda: image), made(image, lambda: image)
    torch.testing.assert_close(told, own[[3, 0, 1, 2]])
    assert (own[0] != own[1]).any()
    torch.testing.assert_close(made(image[:1], lambda: image), own[:1])


def test_a_coarse_image_s_context_written_out():
    torch.manual_seed(0)
    network = CoarseImage(task((8, 8), symbols=6), 3, 0, side=4, encoder=partial(Dense, sizes=[5]))
    image = torch.randn(2, *task((8, 8), symbols=6).image_shape)
    coarse = image.unflatten(-1, (4, 2)).unflatten(-3, (4, 2)).mean((-3, -1))
    code = network.encoder(coarse).flatten(1)
    expected = (code @ network.out.weight.T + network.out.bias).tanh()
    torch.testing.assert_close(network(image, lambda: image), expected)


@pytest.mark.parametrize("detach", [True, False])
def test_the_context_of_a_global_feature_written_out_and_how_far_its_gradient_goes(detach):
    torch.manual_seed(0)
    network, feature = GlobalFeature(task(symbols=6), 3, 4, detach), torch.randn(2, 4, requires_grad=True)
    found = network(torch.zeros(2, 1, 4, 4), lambda: feature)
    torch.testing.assert_close(found, (feature @ network.out.weight.T + network.out.bias).tanh())
    found.sum().backward()
    assert (feature.grad is None) is detach and network.out.weight.grad.any()


def test_it_has_the_weights_of_the_context_network():
    plain = partial(CoarseImage, side=4, encoder=partial(Dense, sizes=[5]))
    count = [sum(weight.numel() for weight in network.parameters())
             for network in (plain(task(symbols=6), 3, 0), AnotherImage(task(symbols=6), 3, 0, plain))]  # fmt: skip
    assert count[0] == count[1]
