"""Convolutions with layer normalisation, written out."""

import torch
from torch.nn.functional import conv2d

from benchmark.model.encoder.normalised import NormalisedConv


def test_each_image_is_normalised_by_itself_before_the_rectifier():
    torch.manual_seed(0)
    network = NormalisedConv((2, 6, 6), [(3, 4, 2), (4, 3, 1)], True)
    image = torch.randn(5, 2, 6, 6)
    expected = image
    for number, stride in ((0, 2), (3, 1)):
        layer, norm = network.body[number], network.body[number + 1]
        with torch.no_grad():
            norm.weight.copy_(torch.linspace(0.5, 1.5, len(norm.weight)))
            norm.bias.copy_(torch.linspace(-0.2, 0.4, len(norm.bias)))
        map_BCHW = conv2d(expected, layer.weight, layer.bias, stride, 1)
        spread, mean = torch.var_mean(map_BCHW, (1, 2, 3), correction=0, keepdim=True)
        level = (map_BCHW - mean) / (spread + norm.eps).sqrt()
        expected = (level * norm.weight[:, None, None] + norm.bias[:, None, None]).relu()
    torch.testing.assert_close(network(image), expected)
    assert network.shape == tuple(expected.shape[1:]) == (4, 3, 3)
    torch.testing.assert_close(network(image[:1]), expected[:1])
