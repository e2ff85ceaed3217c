"""The order of a stream: whole passes, each in an order of its own."""

import torch

from datamodules.passes import Passes


def test_each_pass_has_every_item_once_in_an_order_of_its_own():
    chosen = torch.tensor([3, 5, 8, 13, 21, 34, 55])
    stream = Passes(chosen, 0)
    orders = [stream.take(7 * turn, 7).tolist() for turn in range(4)]
    assert all(sorted(order) == chosen.tolist() for order in orders) and len(set(map(tuple, orders))) == 4
    assert stream.take(5, 12).tolist() == [*orders[0], *orders[1], *orders[2]][5:17]
    assert Passes(chosen, 0).take(21, 7).tolist() == orders[3] != Passes(chosen, 1).take(21, 7).tolist()
