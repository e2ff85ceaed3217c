"""Batches of photographs: squares, colours and boxes worked by hand, made ahead, a function of their ticket alone."""

import numpy as np
import pytest
import torch
from torch import Generator

from datamodules.contract import DataFault
from datamodules.photos.augmentation import DRAWN, PLAIN, YIQ, Augmentation, Jitter, centred_draws
from datamodules.photos.photo_splits import AHEAD, FixedPhotos, PhotoCropper, PhotoStream, PhotoTargets
from datamodules.photos.photo_stock import PhotoSource
from datamodules.photos.photographs import Decoded

CPU = torch.device("cpu")
MEAN, STD = (0.5, 0.25, 0.0), (0.5, 0.25, 1.0)
ANYWHERE = PLAIN._replace(place=1.0)
LOUD = Jitter(place=1.0, mirror=0.5, brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1)


class Places(PhotoSource):
    """Photographs of 8 rows whose red says the column, green the row, and blue which one it is."""

    def __init__(self, widths=(8, 12, 9, 8, 10)):
        self.widths, self.asked = widths, []

    def get(self, number):
        self.asked.append(number)
        if number >= len(self.widths):
            raise DataFault("0.jpg is missing")
        row, column = np.meshgrid(np.arange(8), np.arange(self.widths[number]), indexing="ij")
        pixels = np.stack([column, row, np.full_like(row, number)], -1).astype(np.uint8)
        return Decoded(pixels, np.array([[2.0, 3, 6, 5]]), "")


class Parity(PhotoTargets):
    def for_training(self, chosen_B, generator):
        return chosen_B[:, None] + 10 * torch.randint(2, (len(chosen_B), 1), generator=generator)

    def for_evaluation(self, chosen_B):
        return chosen_B[:, None]


def streamed(stock, jitter=LOUD, size=6, seed=3, workers=2):
    make = Augmentation(size, MEAN, STD, jitter)
    photos = torch.arange(len(stock.widths))
    return PhotoStream(PhotoCropper(stock, size, 1, workers), make, Parity(), photos, seed, 10, 4, fixed(stock, size))


def fixed(stock, size=6, batch_size=2, workers=2):
    make, chosen = Augmentation(size, MEAN, STD, PLAIN), torch.arange(len(stock.widths))
    return FixedPhotos(PhotoCropper(stock, size, 1, workers), make, Parity(), chosen, batch_size, lambda: "content")


def pixels(image):
    """Bytes again."""
    return (image * torch.tensor(STD)[:, None, None] + torch.tensor(MEAN)[:, None, None]).mul(255).round().int()


def test_what_is_judged_is_the_middle_in_order():
    split = fixed(Places())
    found = [split.batch(0, number, CPU) for number in range(split.batches)]
    assert [batch.index.tolist() for batch in found] == [[0, 1], [2, 3], [4]]
    assert [batch.target.tolist() for batch in found] == [[[0], [1]], [[2], [3]], [[4]]]
    wide = pixels(found[0].image[1])  # 12 columns of which the middle six are 3 to 8; 8 rows, 1 to 6
    assert wide[0, 0].tolist() == [3, 4, 5, 6, 7, 8] and wide[1, :, 0].tolist() == [1, 2, 3, 4, 5, 6]
    assert (wide[2] == 1).all() and found[0].boxes[1].tolist() == [[0, 2, 3, 4]]
    assert found[0].image.dtype == torch.float32 and found[0].image.is_contiguous()


def test_a_batch_is_a_function_of_its_ticket_alone():
    """Whatever was asked before, whatever was begun ahead, and however many threads there are."""
    split = streamed(Places())
    inorder = [split.batch(epoch, number, CPU) for epoch in range(2) for number in range(split.batches)]
    for place in (4, 0, 3, 3, 5):
        other = streamed(Places(), workers=1).batch(*divmod(place, 3), CPU)
        again = split.batch(*divmod(place, 3), CPU)
        for one, two, three in zip(inorder[place], other, again, strict=True):
            assert torch.equal(one.nan_to_num(-1), two.nan_to_num(-1))
            assert torch.equal(one.nan_to_num(-1), three.nan_to_num(-1))
    assert not torch.equal(streamed(Places(), seed=4).batch(0, 0, CPU).image, inorder[0].image)


def test_a_stream_shows_every_photograph_once_a_pass_and_draws_anew():
    split = streamed(Places(), ANYWHERE, size=4)
    batches = [split.batch(0, number, CPU) for number in range(5)]  # 20 images, 4 passes over 5
    shown = [int(pixels(image)[2, 0, 0]) for batch in batches for image in batch.image]
    for first in range(0, 20, 5):
        assert sorted(shown[first : first + 5]) == [0, 1, 2, 3, 4]
    assert [target % 10 for batch in batches for target in batch.target[:, 0].tolist()] == shown
    corners = {tuple(pixels(image)[:2, 0, 0].tolist()) for batch in batches for image in batch.image}
    assert len(corners) > 10 and all(0 <= x <= 8 and 0 <= y <= 4 for x, y in corners)
    assert {x for x, _ in corners} >= {0, 4} and {y for _, y in corners} == {0, 1, 2, 3, 4}
    assert len({target // 10 for batch in batches for target in batch.target[:, 0].tolist()}) == 2


def test_an_epoch_goes_on_where_the_one_before_ended():
    """Three batches of four an epoch: after two epochs four passes over five photographs, and four of the next."""
    split = streamed(Places(), ANYWHERE, size=4)
    batches = [split.batch(epoch, number, CPU) for epoch in range(2) for number in range(split.batches)]
    shown = torch.cat([batch.index for batch in batches]).tolist()
    assert len(shown) == 24
    assert [sorted(shown[first : first + 5]) for first in range(0, 20, 5)] == [[0, 1, 2, 3, 4]] * 4
    answers = {tuple((batch.target[:, 0] // 10).tolist()) for batch in batches}
    assert len(answers) > 3  # of six batches: drawn anew for each


def test_another_seed_crops_at_other_places():
    found = [
        [streamed(Places((40,)), ANYWHERE, size=4, seed=seed).batch(0, 0, CPU).image[:, 0, 0, 0].tolist()]
        for seed in (3, 3, 4)
    ]
    assert found[0] == found[1] != found[2]


def test_a_stream_without_jitter_shows_what_evaluation_would_and_says_which():
    split = streamed(Places(), PLAIN)
    each = split.each()
    images = torch.cat([each.batch(0, number, CPU).image for number in range(each.batches)])
    for epoch in range(2):
        for number in range(split.batches):
            batch = split.batch(epoch, number, CPU)
            assert torch.equal(batch.image, images[batch.index])
    half = streamed(Places(), PLAIN._replace(place=0.5), size=4)
    corners = [pixels(image)[0, 0, 0] for number in range(9) for image in half.batch(0, number, CPU).image]
    assert min(corners) >= 1 and max(corners) <= 6  # of 0 to 8 in the widest, around 4
    with pytest.raises(DataFault, match=r"For the same images as in evaluation: 'data\.jitter=\{place:0,mirror:0,"):
        half.each()


@pytest.mark.parametrize("jitter", [ANYWHERE, ANYWHERE._replace(mirror=0.5), ANYWHERE._replace(mirror=1.0)])
def test_boxes_follow_what_they_hold(jitter):
    split, nothing = streamed(Places(), jitter, size=4), 0
    for number in range(6):
        batch = split.batch(0, number, CPU)
        for image, box in zip(batch.image, batch.boxes[:, 0], strict=True):
            column, row = pixels(image)[:2]
            inside = (column >= 2) & (column < 6) & (row >= 3) & (row < 5)
            if box.isnan().all():
                assert not inside.any()
                nothing += 1
                continue
            x0, y0, x1, y1 = box.int().tolist()
            assert 0 <= x0 < x1 <= 4 and 0 <= y0 < y1 <= 4
            assert inside[y0:y1, x0:x1].all() and inside.sum() == (y1 - y0) * (x1 - x0)
    assert nothing


def test_mirrored_images_run_backwards():
    found = streamed(Places(), ANYWHERE._replace(mirror=1.0)).batch(0, 0, CPU)
    assert all((pixels(image)[0, 0].diff() == -1).all() for image in found.image)
    half = streamed(Places(), ANYWHERE._replace(mirror=0.5))
    runs = [int(pixels(image)[0, 0].diff()[0]) for number in range(9) for image in half.batch(0, number, CPU).image]
    assert 9 < sum(run == 1 for run in runs) < 27


def recoloured(jitter, chance, colour=((200, 100, 50), (40, 80, 120))):
    """Two pixels, drawn numbers given for brightness, contrast, saturation and hue; in shares of white."""
    make = Augmentation(2, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), jitter)
    square = torch.tensor(colour, dtype=torch.uint8).repeat(2, 1).reshape(1, 2, 2, 3)
    uniform_1Q = centred_draws(1)
    uniform_1Q[0, 3:] = torch.tensor(chance)
    return (make.images(square, uniform_1Q)[0, :, 0] * 255).T


def grey(colour):
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def close(found, expected):
    return torch.allclose(found, torch.tensor(expected, dtype=torch.float32), atol=0.02)


def test_colours_worked_by_hand():
    one, two = (200.0, 100.0, 50.0), (40.0, 80.0, 120.0)
    half = 0.5
    assert close(recoloured(LOUD, [half] * 4), [one, two])  # in the middle nothing changes
    bright = recoloured(PLAIN._replace(brightness=0.2), [1.0, half, half, half])
    assert close(bright, [[1.2 * c for c in one], [1.2 * c for c in two]])
    mean = (grey(one) + grey(two)) / 2
    contrast = recoloured(PLAIN._replace(contrast=0.4), [half, 0.0, half, half])
    assert close(contrast, [[0.6 * c + 0.4 * mean for c in colour] for colour in (one, two)])
    pale = recoloured(PLAIN._replace(saturation=1.0), [half, half, 0.0, half])
    assert close(pale, [[grey(one)] * 3, [grey(two)] * 3])
    both = recoloured(PLAIN._replace(brightness=0.2, contrast=0.4), [1.0, 0.0, half, half])  # of what is brighter
    assert close(both, [[1.2 * (0.6 * c + 0.4 * mean) for c in colour] for colour in (one, two)])
    strong = recoloured(PLAIN._replace(saturation=0.2), [half, half, 1.0, half])
    assert close(strong, [[1.2 * c - 0.2 * grey(colour) for c in colour] for colour in (one, two)])


def test_hue_turns_and_leaves_grey_alone():
    turned = recoloured(PLAIN._replace(hue=0.25), [0.5, 0.5, 0.5, 1.0], ((140, 120, 110), (77, 77, 77)))
    yiq = torch.tensor(YIQ)
    before, after = yiq @ torch.tensor([140.0, 120, 110]), yiq @ turned[0]
    assert torch.allclose(after, torch.stack([before[0], -before[2], before[1]]), atol=0.05)  # a quarter turn
    assert torch.allclose(turned[1], torch.full((3,), 77.0), atol=0.05)


def test_what_is_too_bright_is_white():
    assert close(recoloured(PLAIN._replace(brightness=1.0), [1.0, 0.5, 0.5, 0.5]), [[255, 200, 100], [80, 160, 240]])


def test_images_of_one_batch_are_changed_each_in_its_own_way():
    make = Augmentation(2, (0.0,) * 3, (1.0,) * 3, LOUD)
    square = torch.full((3, 2, 2, 3), 100, dtype=torch.uint8) + torch.tensor([0, 20, 40], dtype=torch.uint8)
    uniform_3Q = torch.rand(3, DRAWN, generator=Generator().manual_seed(0))
    together = make.images(square, uniform_3Q)
    for row in range(3):
        assert torch.allclose(
            make.images(square[row : row + 1], uniform_3Q[row : row + 1])[0], together[row], atol=1e-6
        )
    assert (together[0] - together[1]).abs().max() > 0.01


def test_batches_are_begun_ahead_and_no_photograph_is_decoded_twice():
    stock = Places()
    split = fixed(stock, batch_size=1)
    for number in range(split.batches):
        split.batch(0, number, CPU)
    assert sorted(stock.asked) == [0, 1, 2, 3, 4]
    stock = Places((8,) * 40)
    fixed(stock, batch_size=4).batch(0, 0, CPU)
    cutter = streamed(stock)._cutter
    cutter.cut(range(3, 4 + AHEAD), streamed(stock)._request)
    assert sorted(cutter._begun) == [4, 5]


def test_a_photograph_that_is_gone_is_told():
    split = fixed(Places())
    split._chosen = torch.tensor([0, 9])
    with pytest.raises(DataFault, match=r"0\.jpg is missing"):
        split.batch(0, 0, CPU)


def test_a_fingerprint_is_of_content_and_answers():
    assert fixed(Places()).fingerprint() == fixed(Places(), batch_size=3).fingerprint()
    other = fixed(Places())
    other._content = lambda: "other"
    assert fixed(Places()).fingerprint() not in (other.fingerprint(), fixed(Places((8, 8))).fingerprint())
