"""A policy over the cells of the window just seen: by hand, by enumeration, and with what is made for items."""

from functools import partial
from itertools import product

import pytest
import torch
from models import built, first_batch, gradients, no_boxes, roll
from stubs import NO_LOOK
from torch import nn
from torch.nn.functional import one_hot

from benchmark.check.suite import contracts
from benchmark.model.attention.alignment.uniform import UniformAlignment
from benchmark.model.attention.distribution import IMPOSSIBLE, CategoricalItems, expectation, mode, sample, uniform
from benchmark.model.attention.policy.base import Canvas, CoarseLook, GlimpseCache, Seen, WindowShape
from benchmark.model.attention.policy.cell_weights import DrawnMap, InkWeights, ScoreWeights
from benchmark.model.attention.policy.map import MapPolicy
from benchmark.model.attention.policy.random_start import RandomStartPolicy
from benchmark.model.attention.policy.recentred_ink import RecentredInk
from benchmark.model.decoding.beam import Beam
from benchmark.model.decoding.length import NoLengthNormalisation
from benchmark.model.encoder.conv import Conv
from benchmark.objective.base import log_likelihood
from benchmark.objective.regularizer.entropy import EntropyBonus
from datamodules.contract import IGNORED

CANVAS = Canvas((8, 8), 2.0, WindowShape((1, 2, 2), 4, (2,)))
"""8 x 8 px in units of 2 px; the widest window covers 4 x 4 px in 2 x 2 numbers, the finest 2 x 2 px."""


class Fixed(nn.Module):
    """Scores of items that nobody learns, whatever is seen; it writes down what it is shown."""

    def __init__(self, item_size, query_size, scores):
        super().__init__()
        self.scores, self.shown = torch.tensor(scores), None

    def keys(self, item_BND):
        self.shown = item_BND
        return item_BND

    def forward(self, key_BNK, query_BSQ):
        return self.scores.expand(len(key_BNK), 1, -1)


LOGS = torch.tensor([0.1, 0.2, 0.3, 0.4]).log().tolist()
AS_IT_IS = partial(Conv, layers=[], pad=True)


def map_policy(canvas=CANVAS, scores=LOGS, cells=2, around=0, weights=None, glimpse="last"):
    weights = weights or ScoreWeights()
    return MapPolicy(canvas, 3, AS_IT_IS, partial(Fixed, scores=scores), cells, around, weights, glimpse)


def policy(around=1, scores=LOGS):
    return map_policy(scores=scores, around=around)


def said(of, corner, fixations=(), window=None):
    corner_R2 = torch.tensor(corner)
    window = torch.zeros(len(corner_R2), 1, 2, 2) if window is None else window
    past = tuple(torch.tensor(place) for place in fixations)
    seen = Seen(lambda _: window, lambda _: corner_R2, past, GlimpseCache(), NO_LOOK)
    return of(torch.zeros(len(corner_R2), 3), no_boxes(len(corner_R2)), 0, seen)


def test_the_cells_by_hand():
    """The window from (2, 2) to (6, 6): the centres of its cells are at 3 and 5 px, half a unit from the middle."""
    output = said(policy(around=0), [[2.0, 2.0]])
    torch.testing.assert_close(output.item_probs, torch.tensor([[0.1, 0.2, 0.3, 0.4]]))
    for cell, place in enumerate([[-0.5, -0.5], [0.5, -0.5], [-0.5, 0.5], [0.5, 0.5]]):
        drawn = one_hot(torch.tensor([cell]), 4).float()
        torch.testing.assert_close(output.location(drawn), torch.tensor([place]))
        torch.testing.assert_close(output.where.log_prob(drawn), torch.tensor([LOGS[cell]]))
    assert output.location(mode(output.where)).tolist() == [[0.5, 0.5]]
    # (0.1 + 0.3) * -0.5 + (0.2 + 0.4) * 0.5, and (0.1 + 0.2) * -0.5 + (0.3 + 0.4) * 0.5
    torch.testing.assert_close(output.location(expectation(output.where)), torch.tensor([[0.1, 0.2]]))


def test_the_place_is_the_mean_of_the_cells_around_weighed_by_the_scores():
    """All four cells are neighbours of each other, so every draw looks at one place: their expectation."""
    output = said(policy(around=1), [[2.0, 2.0]])
    for cell in range(4):
        drawn = one_hot(torch.tensor([cell]), 4).float()
        torch.testing.assert_close(output.location(drawn), torch.tensor([[0.1, 0.2]]))
    canvas = Canvas((8, 16), 2.0, WindowShape((1, 1, 4), 8, (2,)))
    wide = map_policy(canvas, cells=4, around=1)
    at = said(wide, [[4.0, 0.0]], window=torch.zeros(1, 1, 1, 4)).location
    x = [at(one_hot(torch.tensor([cell]), 4).float())[0, 0].item() for cell in range(4)]
    # Cells of 2 px around x = 5, 7, 9, 11 px, in units of 2 px from 8: -1.5, -0.5, 0.5, 1.5.
    by_hand = [(-0.15 - 0.1) / 0.3, (-0.15 - 0.1 + 0.15) / 0.6, (-0.1 + 0.15 + 0.6) / 0.9, (0.15 + 0.6) / 0.7]
    assert x == pytest.approx(by_hand, abs=1e-5)


def test_a_cell_outside_weighs_nothing_however_faint_the_others():
    log = torch.tensor([[-5.0, -205.0, IMPOSSIBLE]])
    drawn = DrawnMap(log, log > -300, torch.ones(1, 3, 2), torch.empty, torch.zeros(1, 2), 4, 0.0)
    weight = ScoreWeights().moments(drawn, (1, 3))[0, 0]
    torch.testing.assert_close(weight, torch.tensor([0.0, -60.0, -torch.inf]).exp(), atol=0, rtol=1e-5)


def test_the_place_is_the_centre_of_the_ink_around():
    """A window of 4 x 4 px from (2, 2), in 4 x 4 numbers and 2 x 2 cells; the background is -1, and two pixels are not:
    that at (2.5, 2.5) px weighs 1, that at (5.5, 3.5) px 3. In units of 2 px from (4, 4).
    """
    canvas = Canvas((8, 8), 2.0, WindowShape((1, 4, 4), 4, (2,)), background=-1.0)
    window = torch.full((1, 1, 4, 4), -1.0)
    window[0, 0, 0, 0], window[0, 0, 1, 3] = 0.0, -4.0  # ink may be darker than the ground, too

    def places(around):
        output = said(map_policy(canvas, around=around, weights=InkWeights()), [[2.0, 2.0]], window=window)
        return torch.cat([output.location(one_hot(torch.tensor([cell]), 4).float()) for cell in range(4)])

    both = [(2.5 + 3 * 5.5) / 4, (2.5 + 3 * 3.5) / 4]
    torch.testing.assert_close(places(1), (torch.tensor([both] * 4) - 4) / 2, atol=1e-3, rtol=0)
    # Each cell by itself: the centres of the two lower ones, where there is no ink.
    alone = torch.tensor([[2.5, 2.5], [5.5, 3.5], [3.0, 5.0], [5.0, 5.0]])
    torch.testing.assert_close(places(0), (alone - 4) / 2, atol=1e-3, rtol=0)


def test_a_place_is_centred_on_the_ink_once_more():
    """A window of 8 x 8 px from (2, 2) in 8 x 8 numbers and 2 x 2 cells of 4 px. A figure of rows and columns 3 to 6
    lies across all four cells. Each cell alone sees its own part; from there a square reaches more of the figure.
    """
    canvas = Canvas((16, 16), 2.0, WindowShape((1, 8, 8), 8, (2,)), background=-1.0)
    window = torch.full((1, 1, 8, 8), -1.0)
    window[0, 0, 3:7, 3:7] = 0.0

    def is_at(weights, first, second):
        output = said(map_policy(canvas, around=0, weights=weights), [[2.0, 2.0]], window=window)
        places = torch.cat([output.location(one_hot(torch.tensor([cell]), 4).float()) for cell in range(4)]) * 2 + 8
        by_hand = torch.tensor([[first, first], [second, first], [first, second], [second, second]])
        torch.testing.assert_close(places, by_hand, atol=5e-3, rtol=0)

    is_at(InkWeights(), 5.5, 7.5)  # the middles of line 3, and of 4 to 6
    is_at(RecentredInk(1), 6.0, 7.5)  # 3 x 3 px around lines 3 and 5 hold 3, 4, and 4 to 6
    is_at(RecentredInk(2), 6.5, 7.0)  # 5 x 5 px hold 3 to 5, and all


def test_a_place_without_ink_stays_where_it_is():
    canvas = Canvas((16, 16), 2.0, WindowShape((1, 8, 8), 8, (2,)), background=-1.0)
    window = torch.full((1, 1, 8, 8), -1.0)
    output = said(map_policy(canvas, around=1, weights=RecentredInk(2)), [[2.0, 2.0]], window=window)
    middle = output.location(one_hot(torch.tensor([0]), 4).float())
    torch.testing.assert_close(middle, torch.tensor([[(4 - 8) / 2, (4 - 8) / 2]]))


def test_ink_does_not_change_which_cell_is_drawn_and_has_no_gradient():
    parts = [built("dram_nocontext", "attention/policy=map", f"{KIND}.{kind}Weights") for kind in ("Score", "Ink")]
    (score, batch), (ink, _) = ((each.module.rnn, first_batch(each)) for each in parts)
    ink.load_state_dict(score.state_dict())
    drawn = [roll(rnn, batch, 1, mode) for rnn in (score, ink)]
    assert torch.equal(drawn[0].item_probs[..., 0, :], drawn[1].item_probs[..., 0, :])
    assert not torch.equal(drawn[0].where, drawn[1].where) and not drawn[1].where.requires_grad


KIND = "attention.mechanism.policy.weights._target_=benchmark.model.attention.policy.cell_weights"


def test_cells_outside_the_image_are_never_drawn():
    """Around the upper left pixel one cell of four is inside, around the left edge two are."""
    output = said(policy(scores=[5.0, 0.0, 1.0, 0.0]), [[-2.0, -2.0]] * 3000 + [[-2.0, 2.0]] * 3000)
    assert output.item_probs[0].tolist() == [0, 0, 0, 1] and output.item_probs[-1].tolist() == [0, 0.5, 0, 0.5]
    torch.manual_seed(0)
    for draw in (sample, uniform, mode):
        drawn = draw(output.where)
        assert torch.equal(drawn[:3000, 3], torch.ones(3000)) and not drawn[3000:, [0, 2]].any()
        assert abs(drawn[3000:, 3].mean() - 0.5) < 0.04  # both are as probable, so the mode is either
        assert output.where.log_prob(drawn).isfinite().all()
    # No weight falls on a cell that is outside: (1, 1) px of 8.
    torch.testing.assert_close(
        output.location(one_hot(torch.tensor([3] * 6000), 4).float())[0], torch.tensor([-1.5] * 2)
    )


def test_uniform_draws_forget_the_scores():
    output = said(policy(scores=[50.0, 0.0, 0.0, 0.0]), [[2.0, 2.0]] * 8000)
    torch.manual_seed(0)
    assert ((uniform(output.where).mean(0) - 0.25).abs() < 0.02).all() and sample(output.where)[:, 0].all()


def test_a_cell_shows_its_pixel_its_places_and_whether_it_was_looked_at():
    model = policy()
    window = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    said(model, [[2.0, 2.0]], fixations=[[[0.0, 0.0]], [[5.5, 2.5]]], window=window)
    expected = [
        [1, -0.5, -0.5, -0.25, -0.25, 0], [2, 0.5, -0.5, 0.25, -0.25, 1],
        [3, -0.5, 0.5, -0.25, 0.25, 0], [4, 0.5, 0.5, 0.25, 0.25, 0],
    ]  # fmt: skip
    assert model.alignment.shown[0].tolist() == expected


def test_each_narrower_window_says_what_it_covered():
    """Of two narrower windows, 2 and 5 px wide, around glimpses at (4.5, 5) and (2.5, 1.5)."""
    canvas = Canvas((8, 8), 2.0, WindowShape((1, 2, 2), 8, (2, 5)))
    model = map_policy(canvas)
    said(model, [[1.0, 1.0]], fixations=[[[4.5, 5.0]]])  # cells at 3 and 7 px
    assert model.alignment.shown[0, :, -2:].tolist() == [[0, 1], [0, 1], [0, 1], [0, 1]]
    said(model, [[0.0, 0.0]], fixations=[[[4.5, 5.0]]])  # at 2 and 6 px
    assert model.alignment.shown[0, :, -2:].tolist() == [[0, 0], [0, 0], [0, 1], [0, 1]]
    said(model, [[0.0, 0.0]], fixations=[[[4.5, 5.0]], [[2.5, 1.5]]])
    assert model.alignment.shown[0, :, -2:].tolist() == [[1, 1], [0, 0], [0, 1], [0, 1]]


@pytest.mark.parametrize("glimpse, number", [("last", 1), ("first", 0)])
def test_it_is_over_the_cells_of_the_last_window_or_of_the_first(glimpse, number):
    model = map_policy(glimpse=glimpse)
    windows = [torch.full((1, 1, 2, 2), float(value)) for value in range(2)]
    corners = [torch.tensor([[0.0, 0.0]]), torch.tensor([[2.0, 2.0]])]
    past = (torch.zeros(1, 2), torch.zeros(1, 2))
    seen = Seen(lambda at: windows[at], lambda at: corners[at], past, GlimpseCache(), NO_LOOK)
    output = model(torch.zeros(1, 3), no_boxes(1), 2, seen)
    assert model.alignment.shown[0, :, 0].tolist() == [number] * 4
    assert output.location(one_hot(torch.tensor([3]), 4).float()).tolist() == [[[-0.5, -0.5], [0.5, 0.5]][number]]


def test_the_window_of_one_glimpse_is_encoded_once_and_of_other_rows_anew():
    calls, kept = [], GlimpseCache()
    model = map_policy(glimpse="first")
    model.encoder.register_forward_hook(lambda *given: calls.append(given[1][0]))
    windows, corner = torch.arange(8.0).view(2, 1, 2, 2), torch.zeros(2, 2)

    def shown(fixations, at=slice(None)):
        seen = Seen(lambda _: windows[at], lambda _: corner[at], fixations, kept, NO_LOOK)
        model(torch.zeros(len(corner[at]), 3), no_boxes(len(corner[at])), 1, seen)
        return model.alignment.shown[..., 0]

    first = torch.zeros(2, 2)
    once = shown((first,))
    assert torch.equal(once, windows.flatten(1)) and len(calls) == 1
    assert torch.equal(shown((first, torch.ones(2, 2))), once) and len(calls) == 1
    swapped = torch.tensor([1, 0])
    assert torch.equal(shown((first[swapped],), swapped), once[swapped]) and len(calls) == 2


@pytest.mark.parametrize("weights", [ScoreWeights(), InkWeights(), RecentredInk(1)])
def test_the_window_of_one_glimpse_is_cut_once_for_the_cells_and_for_the_place(weights):
    cuts, kept, first = [], GlimpseCache(), torch.zeros(1, 2)
    model = map_policy(glimpse="first", weights=weights)

    def window(number):
        cuts.append(number)
        return torch.ones(1, 1, 2, 2)

    for step, fixations in enumerate([(first,), (first, torch.ones(1, 2))]):
        seen = Seen(window, lambda _: torch.zeros(1, 2), fixations, kept, NO_LOOK)
        output = model(torch.zeros(1, 3), no_boxes(1), step + 1, seen)
        output.location(mode(output.where))
    assert cuts == [0]


def test_the_coarse_image_is_seen_from_the_first_glimpse_on_and_encoded_once_for_all_trajectories():
    """Two images of three trajectories. Of the coarse image's four cells the last is at 6 of 8 px, a unit from the
    middle; the ink of a cell is in the middle of its one number.
    """
    calls, model = [], map_policy(CANVAS, glimpse="context", weights=InkWeights())
    model.encoder.register_forward_hook(lambda *given: calls.append(given[1][0]))
    image_BCgg = torch.arange(8.0).view(2, 1, 2, 2)
    look, kept = CoarseLook(lambda: image_BCgg, lambda: torch.full((6, 2), 3.0), torch.zeros(0), 3), GlimpseCache()
    for step, fixations in enumerate([(), (torch.full((6, 2), 6.0),)]):
        seen = Seen(lambda _: torch.zeros(6, 1, 2, 2), lambda _: torch.zeros(6, 2), fixations, kept, look)
        output = model(torch.zeros(6, 3), no_boxes(6), step, seen)
        assert torch.equal(model.alignment.shown[..., 0], image_BCgg.flatten(1).repeat_interleave(3, 0))
        assert model.alignment.shown[..., -1].tolist() == [[0, 0, 0, step]] * 6
        last = one_hot(torch.full((6,), 3), 4).float()
        torch.testing.assert_close(output.location(last), torch.ones(6, 2))  # a window from (3, 3) to (7, 7) px
    assert len(calls) == 1


def test_a_policy_over_the_coarse_image_draws_its_first_glimpse_by_what_it_shows():
    parts = built("dram", "attention/policy=context_map", "look.glimpses=2", "look.scales=3")
    rnn, batch = parts.module.rnn, first_batch(parts)
    rollout = roll(rnn, batch, 3, sample)
    first_B3N = rollout.item_probs[:, :, 0, 0]
    assert torch.equal(first_B3N, first_B3N[:, :1].expand(-1, 3, -1)) and rollout.log_prob[..., 0].unique().numel() > 1
    assert not torch.allclose(first_B3N[0], first_B3N[1])
    parts.module.train_step(rnn, parts.module.objective, batch)["loss"].backward()
    assert all(parameter.grad.any() for parameter in rnn.attention.policy.parameters() if parameter.dim() > 1)


TINY = ("attention/policy=map", "attention.mechanism.policy.cells=2", "attention.mechanism.policy.around=0",
        "look.hidden=8", "look.glimpses=2", "baseline=none")  # fmt: skip


@pytest.mark.parametrize("name", ["ram", "dram"])
def test_reinforce_over_all_draws_is_the_exact_gradient(name):
    """Of the bound of eq 43 on two glimpses of four cells: sum of p(l) log p(y given l) over the 16 sequences of cells,
    differentiated as it stands, and REINFORCE's gradient of each sequence, weighed by its probability.
    """
    parts = built(name, *TINY, "decoder.detach=false", "data.canvas=48")
    rnn, objective, batch = parts.module.rnn, parts.module.objective, first_batch(parts)
    with torch.no_grad():
        for parameter in rnn.attention.policy.parameters():
            parameter.mul_(4)  # so that the draws are far from even
    batch = batch._replace(image=batch.image[:1], boxes=batch.boxes[:1], target=batch.target[:1])
    cells = torch.tensor(list(product(range(4), repeat=2)))
    turn = iter(one_hot(cells, 4).float().unbind(1))
    rollout = roll(rnn, batch, 16, lambda where: next(turn))
    assert len({tuple(place) for place in rollout.where[0, :, 0, 1].tolist()}) > 8
    drawn_SM = rollout.item_probs[0, :, 0].gather(-1, cells[..., None]).squeeze(-1)
    p_S = drawn_SM.prod(-1)
    assert p_S.sum().item() == pytest.approx(1) and p_S.max() > 2 * p_S.min()
    torch.testing.assert_close(rollout.log_prob[0, :, 0], drawn_SM.log())
    exact = gradients(-(p_S * log_likelihood(rollout, batch.target)[0, :, 0]).sum(), rnn)
    parts_16 = [type(rollout)(*(v[:, s : s + 1] if v.numel() else v for v in rollout)) for s in range(16)]
    each = [objective(one, batch.target)["loss"] for one in parts_16]
    found = gradients((p_S.detach() * torch.stack(each)).sum(), rnn)
    assert any(n.startswith("attention.policy.encoder") and g.any() for n, g in exact.items())
    for parameter, gradient in exact.items():
        torch.testing.assert_close(found[parameter], gradient, atol=1e-6, rtol=1e-4)


def test_the_first_glimpse_is_blind_and_the_next_sees_the_window_alone():
    parts = built("dram_nocontext", "attention/policy=map", "data.canvas=60")
    rnn, batch = parts.module.rnn.eval(), first_batch(parts)
    turn = [one_hot(torch.full((4,), 0), 144).float()] * 4  # always the upper left cell

    def probs(image):
        draws = iter(turn)
        return rnn(image, batch.boxes, None, 1, lambda where: next(draws)).item_probs[:, 0, 0]

    found = probs(batch.image)
    assert torch.equal(found[:, 0], found[:1, 0].expand(4, -1)) and not torch.equal(found[0, 1], found[1, 1])
    # The first look is at (19.5, 19.5) px or nearer to the middle: its widest window ends before the 33rd pixel.
    far = batch.image.clone()
    far[..., 33:, :] = 9.0
    far[..., :, 33:] = 9.0
    assert torch.equal(probs(far)[:, :2], found[:, :2])
    far[..., 20:24, 20:24] = 9.0
    assert not torch.equal(probs(far)[:, 1], found[:, 1])


def test_what_reads_items_reads_the_cells():
    """The entropy bonus, by hand, and its gradient at the policy."""
    parts = built("dram", "attention/policy=map")
    rnn, batch = parts.module.rnn, first_batch(parts)
    rollout = roll(rnn, batch, 2, sample)
    assert rollout.item_probs.shape == (4, 2, 1, 4, 144)
    bonus = EntropyBonus(0.5)(rollout, batch.target)
    by_hand = 0.5 * torch.special.entr(rollout.item_probs).sum((-3, -2, -1)).mean()
    torch.testing.assert_close(bonus, -by_hand)
    reached = {n for n, g in gradients(bonus, rnn).items() if g.any()}
    assert {n for n, _ in rnn.named_parameters() if n.startswith("attention.policy.")} <= reached
    distributions = []
    roll(rnn, batch, 1, lambda where: distributions.append(where) or where.sample())
    assert all(isinstance(where, CategoricalItems) for where in distributions)


def test_a_start_at_the_centre_shows_every_row_the_same_window_and_has_no_probability():
    parts = built("dram_nocontext", "attention/policy=centre_start_map", "look.glimpses=2", "look.scales=3")
    rnn, batch = parts.module.rnn, first_batch(parts)
    rollout = roll(rnn, batch, 3, sample)
    assert torch.equal(rollout.where[..., 0, :], torch.full((4, 3, 1, 2), 10.0)) and not rollout.log_prob[..., 0].any()
    assert torch.equal(rollout.item_probs[..., 1, :], rollout.item_probs[:, :1, :, 1].expand(-1, 3, -1, -1))
    assert rollout.log_prob[..., 1].unique().numel() > 1
    parts.module.train_step(rnn, parts.module.objective, batch)["loss"].backward()
    assert all(parameter.grad.any() for parameter in rnn.attention.policy.parameters() if parameter.dim() > 1)


def test_a_uniform_start_has_no_items_and_the_map_follows():
    even = partial(
        MapPolicy,
        encoder=AS_IT_IS,
        alignment=UniformAlignment,
        cells=2,
        around=0,
        glimpse="last",
        weights=ScoreWeights(),
    )
    start = RandomStartPolicy(CANVAS, 3, even)
    seen = Seen(lambda _: torch.zeros(5, 1, 2, 2), lambda _: torch.full((5, 2), 2.0), (), GlimpseCache(), NO_LOOK)
    first, later = (start(torch.zeros(5, 3), no_boxes(5), step, seen) for step in (0, 1))
    assert first.location(sample(first.where)).shape == (5, 2) and not first.item_probs.any()
    assert first.item_probs.shape == later.item_probs.shape and torch.equal(later.item_probs, torch.full((5, 4), 0.25))
    assert start.takes_expectation and start.items == 4


def test_a_beam_keeps_what_its_row_has_seen():
    """The probability of each sequence found is that of the same sequence read by itself."""
    parts = built("dram", "attention/policy=map", data="digit_pairs_ordered")
    rnn, batch = parts.module.rnn.eval(), first_batch(parts)
    with torch.no_grad():
        for parameter in rnn.parameters():
            parameter.mul_(2)
        found = Beam(3, NoLengthNormalisation()).search(rnn.start_unroll(batch.image, batch.boxes, 1, mode))
        for beam in range(3):
            alone = rnn(batch.image, batch.boxes, found.symbol[:, beam], 1, mode)
            log_B = log_likelihood(alone, found.symbol[:, beam]).sum((1, 2))
            torch.testing.assert_close(found.log_prob[:, beam], log_B)
    assert (found.symbol != IGNORED).all() and len(found.symbol[0].unique(dim=0)) == 3


@pytest.mark.parametrize("name, data", [("ram", "digit_pairs"), ("sermanet", "digit_pairs_ordered")])
def test_other_mechanisms_take_it(name, data):
    parts = built(name, "attention/policy=map", data=data)
    module, batch = parts.module, first_batch(parts)
    module.train_step(module.rnn, module.objective, batch)["loss"].backward()
    assert all(parameter.grad is not None for parameter in module.rnn.attention.policy.parameters())
    assert module.rnn.attention.takes_expectation


@contracts("attention=dram", "attention/policy=map")
def test_contracts(contract):
    contract()
