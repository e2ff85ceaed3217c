from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from datamodules.contract import DataFault, overlap_share
from datamodules.digits.placement import Anywhere, Apart, CloseInTraining, SomeClose, deal, draw_distinct


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def boxes(place_BK2: torch.Tensor, size: int) -> torch.Tensor:
    return torch.cat([place_BK2, place_BK2 + size], dim=-1).float()


@given(each=st.integers(1, 5), spare=st.integers(0, 20), seed=st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_distinct_draws_are_distinct_and_in_range(each, spare, seed):
    drawn_BK = draw_distinct(50, each, each + spare, seeded(seed))
    assert drawn_BK.shape == (50, each)
    assert drawn_BK.min() >= 0 and drawn_BK.max() < each + spare
    assert all(len(set(row)) == each for row in drawn_BK.tolist())


def test_every_ordered_choice_is_equally_likely():
    counts = Counter(map(tuple, draw_distinct(60_000, 2, 4, seeded()).tolist()))
    assert len(counts) == 12
    assert all(abs(count - 5000) < 5 * 70 for count in counts.values())  # five standard deviations


def test_two_28_pixel_boxes_on_100_pixels_overlap_as_often_as_they_must():
    # Exactly: two uniform places 0..72 are d apart in 2 (73 - d) of 73^2 cases, and in 73 where d = 0.
    apart = torch.tensor([73.0] + [2 * (73 - d) for d in range(1, 73)]) / 73**2
    side = (28 - torch.arange(73.0)).clamp(min=0)
    share, weight = torch.outer(side, side) / 28**2, torch.outer(apart, apart)
    exact = [weight[share > least].sum().item() for least in (0, 0.25, 0.5)]
    assert [round(100 * each, 1) for each in exact] == [37.4, 18.5, 7.7]

    drawn_B = overlap_share(boxes(Anywhere().draw(200_000, 2, 28, 100, seeded()), 28))
    for least, probability in zip((0, 0.25, 0.5), exact, strict=True):
        assert (drawn_B > least).float().mean().item() == pytest.approx(probability, abs=0.005)


def test_places_are_uniform_up_to_the_edges():
    counts = torch.bincount(Anywhere().draw(50_000, 1, 8, 12, seeded()).flatten(), minlength=6)
    assert counts[5] == 0
    assert ((counts[:5] - 20_000).abs() < 5 * 130).all()


@given(each=st.integers(1, 5), spare=st.integers(0, 6), count=st.integers(1, 40), seed=st.integers(0, 99))
@settings(deadline=None)
def test_a_deck_is_dealt_to_its_end_before_it_is_shuffled_again(each, spare, count, seed):
    stock = each + spare
    dealt_BK = deal(count, each, stock, seeded(seed))
    assert dealt_BK.shape == (count, each) and all(len(set(row)) == each for row in dealt_BK.tolist())
    for deck in dealt_BK.flatten().split(stock):
        assert len(set(deck.tolist())) == len(deck)


@given(size=st.integers(1, 30), digits=st.integers(1, 5), spare=st.integers(0, 40), seed=st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_digits_apart_never_overlap_and_stay_inside(size, digits, spare, seed):
    canvas = size * (1 if digits == 1 else 2 if digits <= 4 else 3) + spare  # the smallest that has room for them
    rule = Apart()
    rule.check(digits, size, canvas)
    place_BK2 = rule.draw(40, digits, size, canvas, seeded(seed))
    assert place_BK2.min() >= 0 and place_BK2.max() <= canvas - size
    assert overlap_share(boxes(place_BK2, size)).max() == 0


def test_digits_apart_are_uniform_among_the_arrangements_without_overlap():
    counts = Counter(map(tuple, Apart().draw(60_000, 2, 2, 4, seeded()).flatten(1).tolist()))
    # Of 9 x 9 arrangements of two 2 x 2 squares on 4 x 4, 81 - 49 keep apart: |dx| < 2 has 7 of 9 cases, so has |dy|.
    assert len(counts) == 32
    assert all(abs(count - 1875) < 5 * 43 for count in counts.values())


def test_where_there_is_hardly_room_digits_apart_lie_anywhere_in_cells_of_a_grid():
    """Nine digits of 5 px on 18, which no draw at random puts apart: three cells of 6 px an axis."""
    place_BK2 = Apart().draw(2_000, 9, 5, 18, seeded())
    shares = place_BK2.flatten().bincount(minlength=14) / place_BK2.numel()
    assert shares.nonzero().flatten().tolist() == [0, 1, 6, 7, 12, 13]
    assert ((shares[shares > 0] - 1 / 6).abs() < 0.01).all()  # five standard deviations


def test_without_room_the_refusal_says_what_to_do():
    with pytest.raises(DataFault, match=r"5 digits of 28 x 28 .* there is room for 4.*data\.canvas"):
        Apart().check(5, 28, 80)


def test_overlap_share_by_hand():
    nan = float("nan")
    boxes_BN4 = torch.tensor(
        [
            [[0, 0, 10, 10], [5, 5, 15, 15], [30, 30, 40, 40]],  # a quarter
            [[0, 0, 10, 10], [2, 2, 4, 4], [9, 9, 19, 19]],  # the small one lies wholly in the large one
            [[0, 0, 10, 10], [10, 0, 20, 10], [0, 10, 10, 20]],  # they touch
            [[0, 0, 10, 10], [0, 0, 10, 5], [nan, nan, nan, nan]],
            [[0, 0, 10, 10], [nan, nan, nan, nan], [nan, nan, nan, nan]],
        ]
    )
    assert overlap_share(boxes_BN4).tolist() == [0.25, 1, 0, 1, 0]


@pytest.mark.parametrize("boxes", [0, 1])
def test_fewer_than_two_boxes_do_not_overlap(boxes):
    assert overlap_share(torch.ones(3, boxes, 4)).tolist() == [0, 0, 0]


@given(size=st.integers(1, 30), digits=st.integers(1, 4), spare=st.integers(0, 40), seed=st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_close_digits_are_within_reach_of_the_first_and_stay_inside(size, digits, spare, seed):
    place_BK2 = SomeClose(1.0, 0.5).draw(40, digits, size, size + spare, seeded(seed))
    assert place_BK2.min() >= 0 and place_BK2.max() <= spare
    assert (place_BK2 - place_BK2[:, :1]).abs().max() <= size // 2


def test_a_close_digit_is_uniform_around_the_first_and_a_share_of_canvases_has_one():
    """Digits of 4 px on 12: the first is at 0..8 on each axis, the second at most 2 px off, inside."""
    place_BK2 = SomeClose(1.0, 0.5).draw(90_000, 2, 4, 12, seeded())
    for first, seconds in ((0, 3), (1, 4), (4, 5), (8, 3)):
        second_N = place_BK2[place_BK2[:, 0, 0] == first][:, 1, 0]
        counts = second_N.bincount(minlength=13).double()
        assert (counts > 0).sum() == seconds
        assert ((counts[counts > 0] / len(second_N) - 1 / seconds).abs() < 0.025).all()  # five standard deviations
    assert (place_BK2[:, 0].flatten().bincount() / 180_000 - 1 / 9).abs().max() < 0.005
    near_B = (SomeClose(0.3, 0.1).draw(50_000, 2, 28, 100, seeded()).diff(dim=1).abs() <= 2).all(-1).squeeze(1)
    by_chance = (73 + 2 * (72 + 71)) ** 2 / 73**4
    assert near_B.float().mean().item() == pytest.approx(0.3 + 0.7 * by_chance, abs=0.01)


def test_what_trains_on_close_digits_is_validated_and_tested_anywhere():
    rule, anywhere = CloseInTraining(0.3, 0.5), Anywhere()
    assert torch.equal(rule.draw(20, 2, 28, 100, seeded()), anywhere.draw(20, 2, 28, 100, seeded()))
    trained = overlap_share(boxes(rule.in_training.draw(50_000, 2, 28, 100, seeded()), 28))
    # Of close pairs 1 - u/2 of a side is shared on each axis, u uniform: (1 - u/2)(1 - v/2) > 1/2 in 2 - 2 ln 2.
    assert (trained > 0.5).float().mean().item() == pytest.approx(0.7 * 0.077 + 0.3 * 0.614, abs=0.02)
    assert anywhere.in_training is anywhere
