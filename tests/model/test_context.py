"""The control of the context network."""

from functools import partial

import torch
from models import task

from benchmark.model.context.another_image import AnotherImage
from benchmark.model.context.coarse_image import CoarseImage
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


def test_it_has_the_weights_of_the_context_network():
    plain = partial(CoarseImage, side=4, encoder=partial(Dense, sizes=[5]))
    count = [sum(weight.numel() for weight in network.parameters())
             for network in (plain(task(symbols=6), 3, 0), AnotherImage(task(symbols=6), 3, 0, plain))]  # fmt: skip
    assert count[0] == count[1]
